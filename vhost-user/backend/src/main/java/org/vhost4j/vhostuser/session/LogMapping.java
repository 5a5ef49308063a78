// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.memory.DirtyLog;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.LogArea;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.Request;

/**
 * The mapping of the log of dirty pages. One that is replaced is only retired, because lanes still mark in it, and unmapped by {@link
 * #closeRetired} once they mark in the new one. It stays when logging ends: the front-end may begin again without another SET_LOG_BASE.
 */
final class LogMapping implements AutoCloseable {
    private final RegionMapper mapper;
    private RegionMapper.@Nullable Mapping mapping;
    private RegionMapper.@Nullable Mapping retired;

    LogMapping(RegionMapper mapper) {
        this.mapper = mapper;
    }

    /**
     * SET_LOG_BASE. Closes the descriptor; what is refused leaves the log as it was.
     *
     * @param check whether the log may replace the one before
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
        return log;
    }

    /** Whether a log may be used. */
    @FunctionalInterface
    interface Check {
        void require(DirtyLog log) throws RefusedException;
    }

    /** The connection ends: QEMU does not look at the reply's number, and would migrate without what is not logged. */
    private static ProtocolException refused(LogArea area, RefusedException cause) {
        return new ProtocolException(
                Request.SET_LOG_BASE.name(),
                "a log of %d bytes at offset %d".formatted(area.size(), area.offset()),
                cause.reason());
    }

    /** Unmaps the log that was replaced. Nobody may mark in it any more. */
    void closeRetired() {
        RegionMapper.Mapping old = retired;
        retired = null;
        if (old != null) {
            old.close();
        }
    }

    /** Unmaps the log. Nobody may mark in it any more. */
    @Override
    public void close() {
        closeRetired();
        retired = mapping;
        mapping = null;
        closeRetired();
    }
}
