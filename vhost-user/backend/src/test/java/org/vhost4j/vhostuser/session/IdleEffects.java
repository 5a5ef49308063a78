// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.ring.QueueLog;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.IotlbMessage;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Effects that accept everything and do nothing. */
class IdleEffects implements SessionEffects {
    @Override
    public int queueNumber(boolean ownsConfig) {
        return 1;
    }

    @Override
    public void acknowledge(FeatureSet features) {}

    @Override
    public void readConfig(int offset, MemorySegment into) {}

    @Override
    public void writeConfig(int offset, MemorySegment bytes, boolean migration) {}

    @Override
    public void memoryChanged(GuestMemory memory) {}

    @Override
    public void translationsChanged(IotlbMessage message) {}

    @Override
    public void translationMissing(long address, boolean write) {}

    @Override
    public void startQueue(QueueSetup setup) {}

    @Override
    public void logQueue(int index, @Nullable QueueLog log) {}

    @Override
    public void finishQueue(int index) {}

    @Override
    public int stopQueue(int index) {
        return 0;
    }

    @Override
    public void positionKnown(int index) {}

    @Override
    public void allQueuesStopped() {}

    @Override
    public int position(int index) {
        return 0;
    }

    @Override
    public void suspendQueue(int index) {}

    @Override
    public void resumeQueue(int index) {}

    @Override
    public void enableQueue(int index, boolean enabled) {}

    @Override
    public void callChanged(int index, @Nullable Fd call) {}

    @Override
    public void errChanged(int index, @Nullable Fd err) {}

    @Override
    public void logSignal(@Nullable Fd written) {}

    @Override
    public void reset(ResetCause cause) {}

    @Override
    public void status(int status) {}

    @Override
    public void setMtu(int mtu) {}

    @Override
    public void backendChannel(@Nullable Fd channel, Set<ProtocolFeature> protocol) {}

    @Override
    public void announce(byte[] mac) {}

    @Override
    public void saveState(Fd to) {
        to.close();
    }

    @Override
    public void loadState(Fd from) {
        from.close();
    }

    @Override
    public void checkState(Consumer<Optional<String>> answer) {
        answer.accept(Optional.empty());
    }

    @Override
    public void report(String line) {}
}
