// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.ring.QueueLog;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.IotlbMessage;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Records effects, and fails as soon as the session violates the contract of {@link SessionEffects}. */
final class FakeEffects implements SessionEffects {
    /** How far a queue comes between start and stop. */
    static final int PROGRESS = 3;

    final List<String> log = new ArrayList<>();
    int timesAllStopped;
    final List<String> reports = new ArrayList<>();
    final Map<Integer, QueueSetup> running = new TreeMap<>();
    /** Queues of which the front-end has been told how far they came. */
    final List<Integer> told = new ArrayList<>();
    /** The number of files that were mapped when a queue was told where to log: the previous log must still be mapped. */
    int mappingsAtLog;

    /** How each queue that runs is logged. */
    final Map<Integer, @Nullable QueueLog> logs = new TreeMap<>();

    final byte[] config = new byte[24];

    @Nullable
    Fd channel;

    GuestMemory memory = GuestMemory.EMPTY;
    FeatureSet features = FeatureSet.EMPTY;
    int queuePairs = 2;
    int queueCount = 5;
    private @Nullable Fd logSignal;

    /** When set, whatever can be refused is refused with it. */
    @Nullable
    String refusal;
    /** Whether CHECK_DEVICE_STATE is answered by {@link #late} only. */
    boolean answersLate;

    @Nullable
    Consumer<Optional<String>> late;
    /** How often each queue was started. */
    int starts;

    private final FakeMapper mapper;
    private boolean acknowledged;

    FakeEffects(FakeMapper mapper) {
        this.mapper = mapper;
        for (int i = 0; i < config.length; i++) {
            config[i] = (byte) i;
        }
    }

    /** The log so far; the next call begins after it. */
    List<String> drain() {
        List<String> drained = List.copyOf(log);
        log.clear();
        return drained;
    }

    private void refuse() throws RefusedException {
        if (refusal != null) {
            throw new RefusedException(refusal);
        }
    }

    @Override
    public int queueNumber(boolean ownsConfig) {
        return ownsConfig ? queueCount : queuePairs;
    }

    @Override
    public void acknowledge(FeatureSet acknowledgedFeatures) {
        acknowledged = true;
        features = acknowledgedFeatures;
        log.add("features " + acknowledgedFeatures.hex());
    }

    @Override
    public void readConfig(int offset, MemorySegment into) throws RefusedException {
        refuse();
        log.add("read config %d+%d".formatted(offset, into.byteSize()));
        MemorySegment.copy(config, offset, into, ValueLayout.JAVA_BYTE, 0, (int) into.byteSize());
    }

    @Override
    public void writeConfig(int offset, MemorySegment bytes, boolean migration) throws RefusedException {
        refuse();
        log.add("write config %d %s%s"
                .formatted(
                        offset,
                        HexFormat.of().formatHex(bytes.toArray(ValueLayout.JAVA_BYTE)),
                        migration ? " migration" : ""));
    }

    @Override
    public void memoryChanged(GuestMemory changed) {
        assertThat(running).as("queues running while memory changes").isEmpty();
        memory.regions()
                .forEach(region -> assertThat(mapper.isMapped(region.memory()))
                        .as("a mapping in use until now")
                        .isTrue());
        memory = changed;
        log.add("memory " + changed.regions().size());
    }

    @Override
    public void translationsChanged(IotlbMessage message) {
        log.add("translations");
    }

    @Override
    public void translationMissing(long address, boolean write) {
        log.add("missing 0x%x %s".formatted(address, write ? "write" : "read"));
    }

    @Override
    public void startQueue(QueueSetup setup) throws RefusedException {
        refuse();
        assertThat(acknowledged).as("features are acknowledged").isTrue();
        assertThat(running).doesNotContainKey(setup.index());
        assertThat(setup.layout()).isEqualTo(RingLayout.of(features));
        assertOpen(setup.kick());
        assertOpen(setup.call());
        assertOpen(setup.err());
        assertRing(setup.descriptors(), setup.layout().descriptorBytes(setup.size()), 16);
        assertRing(
                setup.avail(),
                setup.layout().availBytes(setup.size()),
                setup.layout().availAlignment());
        assertRing(setup.used(), setup.layout().usedBytes(setup.size()), 4);
        running.put(setup.index(), setup);
        logs.put(setup.index(), setup.log());
        starts++;
        log.add("start %d size %d base %d%s%s"
                .formatted(
                        setup.index(),
                        setup.size(),
                        setup.base(),
                        setup.enabled() ? "" : " disabled",
                        setup.kick() == null ? " polled" : ""));
    }

    private void assertRing(MemorySegment ring, long bytes, int alignment) {
        assertThat(ring.byteSize()).isEqualTo(bytes);
        assertThat(ring.address() % alignment).isZero();
        assertThat(mapper.isMapped(ring)).as("a ring's memory is mapped").isTrue();
    }

    private static void assertOpen(@Nullable Fd descriptor) {
        assertThat(descriptor == null || descriptor.isOpen())
                .as("a descriptor in use is open")
                .isTrue();
    }

    @Override
    public void finishQueue(int index) {
        assertThat(runningQueue(index).inflight()).isNotNull();
        log.add("finish " + index);
    }

    @Override
    public int stopQueue(int index) {
        QueueSetup setup = runningQueue(index);
        assertThat(mapper.isMapped(setup.used()))
                .as("memory of a queue that runs is mapped")
                .isTrue();
        assertOpen(setup.kick());
        running.remove(index);
        log.add("stop " + index);
        return (setup.base() + PROGRESS) & 0xffff;
    }

    @Override
    public void positionKnown(int index) {
        assertThat(running).as("queues that run").doesNotContainKey(index);
        told.add(index);
    }

    @Override
    public void logQueue(int index, @Nullable QueueLog to) {
        runningQueue(index);
        mappingsAtLog = mapper.mapped.size();
        logs.put(index, to);
        log.add("log " + index
                + (to == null
                        ? " off"
                        : to.usedAddress() == QueueLog.UNLOGGED
                                ? " but its used ring"
                                : " used 0x" + Long.toHexString(to.usedAddress())));
    }

    @Override
    public void allQueuesStopped() {
        assertThat(running).as("queues that run").isEmpty();
        timesAllStopped++;
    }

    @Override
    public int position(int index) {
        return (runningQueue(index).base() + PROGRESS) & 0xffff;
    }

    @Override
    public void suspendQueue(int index) {
        assertOpen(runningQueue(index).kick());
        log.add("suspend " + index);
    }

    @Override
    public void resumeQueue(int index) {
        assertOpen(runningQueue(index).kick());
        log.add("resume " + index);
    }

    private QueueSetup runningQueue(int index) {
        QueueSetup setup = running.get(index);
        if (setup == null) {
            throw new AssertionError("queue " + index + " does not run");
        }
        return setup;
    }

    @Override
    public void enableQueue(int index, boolean enabled) {
        assertOpen(runningQueue(index).kick());
        log.add((enabled ? "enable " : "disable ") + index);
    }

    @Override
    public void callChanged(int index, @Nullable Fd call) throws RefusedException {
        refuse();
        QueueSetup setup = runningQueue(index);
        // A lane may signal the previous one until this returns.
        assertOpen(setup.call());
        assertOpen(call);
        running.put(index, with(setup, call, setup.err()));
        log.add((call == null ? "no call " : "call ") + index);
    }

    @Override
    public void errChanged(int index, @Nullable Fd err) throws RefusedException {
        refuse();
        QueueSetup setup = runningQueue(index);
        assertOpen(setup.err());
        assertOpen(err);
        running.put(index, with(setup, setup.call(), err));
        log.add((err == null ? "no err " : "err ") + index);
    }

    private static QueueSetup with(QueueSetup setup, @Nullable Fd call, @Nullable Fd err) {
        return new QueueSetup(
                setup.index(),
                setup.layout(),
                setup.size(),
                setup.descriptors(),
                setup.avail(),
                setup.used(),
                setup.base(),
                setup.enabled(),
                setup.kick(),
                call,
                err,
                setup.ring(),
                setup.log(),
                setup.inflight());
    }

    @Override
    public void logSignal(@Nullable Fd written) throws RefusedException {
        if (written != null) {
            refuse();
        }
        // A lane may signal the previous one until this returns.
        assertOpen(logSignal);
        assertOpen(written);
        logSignal = written;
        log.add(written == null ? "no log signal" : "log signal");
    }

    @Override
    public void reset(ResetCause cause) {
        assertThat(running).as("queues running at a reset").isEmpty();
        if (cause == ResetCause.RESET_DEVICE) {
            acknowledged = false;
        }
        log.add("reset " + cause);
    }

    @Override
    public void status(int status) {
        log.add("status " + status);
    }

    @Override
    public void setMtu(int mtu) throws RefusedException {
        refuse();
        log.add("mtu " + mtu);
    }

    @Override
    public void backendChannel(@Nullable Fd replacement, Set<ProtocolFeature> protocol) {
        assertOpen(channel);
        assertOpen(replacement);
        channel = replacement;
        log.add(replacement == null ? "no channel" : "channel");
    }

    @Override
    public void announce(byte[] mac) throws RefusedException {
        refuse();
        log.add("announce " + HexFormat.ofDelimiter(":").formatHex(mac));
    }

    @Override
    public void saveState(Fd to) throws RefusedException {
        transferring(to);
        refuse();
        log.add("save state");
    }

    @Override
    public void loadState(Fd from) throws RefusedException {
        transferring(from);
        refuse();
        log.add("load state");
    }

    private void transferring(Fd pipe) {
        assertThat(running).as("queues that run").isEmpty();
        assertOpen(pipe);
        // It is ours from now on.
        pipe.close();
    }

    @Override
    public void checkState(Consumer<Optional<String>> answer) {
        log.add("check state");
        if (answersLate) {
            late = answer;
        } else {
            answer.accept(Optional.ofNullable(refusal));
        }
    }

    @Override
    public void report(String line) {
        assertThat(line).isNotBlank().doesNotContain("\n");
        reports.add(line);
    }
}
