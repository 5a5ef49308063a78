// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.memory.DirtyLog;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.LogArea;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.Request;

/**
 * The mapping of the dirty page log. A replaced mapping is first retired, because lanes still mark pages in it; {@link #closeRetired}
 * unmaps it after the lanes have changed to the new one. The mapping stays when logging ends, because the front-end may start logging again
 * without another SET_LOG_BASE. The descriptor that is signalled when there are new marks (SET_LOG_FD) stays, too; QEMU never sends one.
 */
final class LogMapping {
    private final RegionMapper mapper;
    private RegionMapper.@Nullable Mapping mapping;
    private RegionMapper.@Nullable Mapping retired;
    private @Nullable Fd signal;
    private @Nullable LogArea mapped;

    LogMapping(RegionMapper mapper) {
        this.mapper = mapper;
    }

    /**
     * Executes SET_LOG_BASE. Closes the descriptor; a refused request leaves the log unchanged.
     *
     * @param check checks whether the log may replace the previous one
     */
    DirtyLog replace(LogArea area, Fd descriptor, Check check) throws ProtocolException {
        RegionMapper.Mapping fresh;
        try (descriptor) {
            fresh = mapper.map(descriptor, area.offset(), area.size(), "the log of dirty pages");
        } catch (RefusedException e) {
            throw refused(area, e);
        }
        DirtyLog log = new DirtyLog(fresh.memory());
        try {
            check.require(log);
        } catch (RefusedException e) {
            fresh.close();
            throw refused(area, e);
        }
        retired = mapping;
        mapping = fresh;
        mapped = area;
        return log;
    }

    /** Returns the descriptor that is signalled when there are new marks, or null. */
    @Nullable
    Fd signal() {
        return signal;
    }

    /** Returns the last log that was set, or null. */
    SessionState.@Nullable Log state() {
        RegionMapper.Mapping now = mapping;
        LogArea area = mapped;
        return now == null || area == null ? null : new SessionState.Log(area, now.file());
    }

    /** Checks whether a log may be used. */
    @FunctionalInterface
    interface Check {
        void require(DirtyLog log) throws RefusedException;
    }

    /**
     * Creates the exception that ends the connection: QEMU ignores the value of the reply, and would migrate without the writes that were
     * not logged.
     */
    private static ProtocolException refused(LogArea area, RefusedException cause) {
        return new ProtocolException(
                Request.SET_LOG_BASE.name(),
                "a log of %d bytes at offset %d".formatted(area.size(), area.offset()),
                cause.reason());
    }

    /** Unmaps the replaced log. No thread may mark pages in it any more. */
    void closeRetired() {
        RegionMapper.Mapping old = retired;
        retired = null;
        if (old != null) {
            old.close();
        }
    }

    /** Executes SET_LOG_FD. Closes the previous descriptor, or the new one if the device cannot use it. */
    void signal(Fd descriptor, SessionEffects effects) throws ProtocolException {
        Fd unused = descriptor;
        try {
            effects.logSignal(descriptor);
            unused = signal;
            signal = descriptor;
        } catch (RefusedException e) {
            throw new ProtocolException(Request.SET_LOG_FD.name(), "the descriptor cannot be used", e.reason());
        } finally {
            Ring.close(unused);
        }
    }

    private static void endSignals(SessionEffects effects) {
        try {
            effects.logSignal(null);
        } catch (RefusedException e) {
            throw new IllegalStateException("no descriptor is always possible", e);
        }
    }

    /** Unmaps the log and closes its descriptor. Called when no queue is logged any more. */
    void close(SessionEffects effects) {
        Fd before = signal;
        if (before != null) {
            signal = null;
            endSignals(effects);
            before.close();
        }
        closeRetired();
        retired = mapping;
        mapping = null;
        closeRetired();
    }
}
