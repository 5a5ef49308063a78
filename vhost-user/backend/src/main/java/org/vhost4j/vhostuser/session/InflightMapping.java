// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.ring.InflightRegion;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MappedFile;
import org.vhost4j.sys.MemFd;
import org.vhost4j.sys.SystemError;
import org.vhost4j.vhostuser.wire.InflightDescription;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.Request;

/**
 * The mapping of the in-flight area (vhost-user protocol, "Inflight I/O tracking"). The front-end keeps the area when this process ends. A
 * created area is used at once, whether or not the front-end passes it back by SET_INFLIGHT_FD. The area changes only while no ring is
 * started.
 *
 * <p>The protocol does not define the offsets of the regions. As in other back-ends, the regions are equal parts of the area, with sizes
 * rounded down to a multiple of {@value #ALIGNMENT} bytes.
 */
final class InflightMapping {
    private static final String WHAT = "the in-flight area";
    private static final int ALIGNMENT = 64;

    private final RegionMapper mapper;
    private RegionMapper.@Nullable Mapping mapping;
    private @Nullable InflightDescription mapped;

    InflightMapping(RegionMapper mapper) {
        this.mapper = mapper;
    }

    /** An area and its file. */
    record Made(InflightDescription description, Fd file) {}

    /**
     * Executes GET_INFLIGHT_FD: creates an area, whose size is sealed.
     *
     * @param layout layout of the rings
     * @return the area; the caller owns the descriptor
     */
    Made make(InflightDescription wanted, RingLayout layout) throws RefusedException {
        long each = (layout.inflightBytes(wanted.queueSize()) + ALIGNMENT - 1) & -ALIGNMENT;
        InflightDescription description =
                new InflightDescription(each * wanted.queues(), 0, wanted.queues(), wanted.queueSize());
        Fd file;
        try {
            file = MemFd.createSealed("vhost-user in flight", description.size());
        } catch (SystemError e) {
            throw new RefusedException(e);
        }
        try {
            use(description, mapper.map(file, 0, description.size(), WHAT));
            return new Made(description, file);
        } catch (RefusedException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /**
     * Executes SET_INFLIGHT_FD. Closes the descriptor; a refused request leaves the area unchanged.
     *
     * @param layout layout of the rings
     */
    void replace(InflightDescription description, Fd descriptor, RingLayout layout) throws ProtocolException {
        try (descriptor) {
            long each = layout.inflightBytes(description.queueSize());
            if (each > region(description)) {
                throw new RefusedException("its %d regions need %d bytes each".formatted(description.queues(), each));
            }
            if (MappedFile.isMemory(descriptor) && !MappedFile.isSealedAgainstShrinking(descriptor)) {
                throw new RefusedException("its file is not sealed against shrinking (F_SEAL_SHRINK)");
            }
            use(description, mapper.map(descriptor, description.offset(), description.size(), WHAT));
        } catch (RefusedException e) {
            throw new ProtocolException(
                    Request.SET_INFLIGHT_FD.name(),
                    "an area of %d bytes at offset %d".formatted(description.size(), description.offset()),
                    e.reason());
        }
    }

    private static long region(InflightDescription description) {
        return description.size() / description.queues() & -ALIGNMENT;
    }

    private void use(InflightDescription description, RegionMapper.Mapping fresh) {
        close();
        mapping = fresh;
        mapped = description;
    }

    /** Returns the region of a queue; null when there is no area, or the area has fewer regions. */
    @Nullable
    InflightRegion region(int queue) {
        RegionMapper.Mapping now = mapping;
        InflightDescription description = mapped;
        if (now == null || description == null || queue >= description.queues()) {
            return null;
        }
        long each = region(description);
        MemorySegment part = now.memory().asSlice(each * queue, each);
        return new InflightRegion(part, description.queueSize());
    }

    /** Clears the region of a queue, because the front-end knows the queue's position or has reset it: nothing is in flight. */
    void forget(int queue) {
        InflightRegion region = region(queue);
        if (region != null) {
            region.forget();
        }
    }

    /** Returns the area in use, or null. */
    SessionState.@Nullable Inflight state() {
        RegionMapper.Mapping now = mapping;
        InflightDescription description = mapped;
        return now == null || description == null ? null : new SessionState.Inflight(description, now.file());
    }

    /** Unmaps the area. Called when no queue runs. */
    void close() {
        RegionMapper.Mapping before = mapping;
        mapping = null;
        mapped = null;
        if (before != null) {
            before.close();
        }
    }
}
