// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.InflightDescription;
import org.vhost4j.vhostuser.wire.LogArea;
import org.vhost4j.vhostuser.wire.MemoryRegion;
import org.vhost4j.vhostuser.wire.VringAddress;

/**
 * The complete state that a front-end has set up in a session, between two of its messages. A session in another process continues with it.
 * The positions of the queues change while they run, and are not included: see {@link Session#positions}.
 *
 * @param acknowledged whether SET_FEATURES has arrived
 * @param features the acknowledged feature word, including PROTOCOL_FEATURES and LOG_ALL
 * @param protocol the acknowledged protocol features, as a bit mask
 * @param status the device status, 0 to 255
 * @param regions the memory table
 * @param log the log of dirty pages; null when there was none
 * @param logSignal descriptor that is signalled when there are new marks in the log (SET_LOG_FD); null when none was set
 * @param inflight the in-flight area; null when there was none
 * @param channel the back-end channel; null when there was none
 * @param rings all rings in the order of their indices
 */
public record SessionState(
        boolean acknowledged,
        long features,
        long protocol,
        int status,
        List<Region> regions,
        @Nullable Log log,
        @Nullable Fd logSignal,
        @Nullable Inflight inflight,
        @Nullable Fd channel,
        List<RingState> rings) {
    /** Copies the lists. */
    public SessionState {
        regions = List.copyOf(regions);
        rings = List.copyOf(rings);
    }

    /**
     * A memory region.
     *
     * @param description description that the front-end sent
     * @param file file that is mapped
     */
    public record Region(MemoryRegion description, Fd file) {}

    /**
     * The log of dirty pages.
     *
     * @param area description that the front-end sent
     * @param file file that is mapped
     */
    public record Log(LogArea area, Fd file) {}

    /**
     * The in-flight area.
     *
     * @param description description that was received or created
     * @param file file that is mapped
     */
    public record Inflight(InflightDescription description, Fd file) {}

    /**
     * A ring.
     *
     * @param size number of descriptors, 0 before SET_VRING_NUM
     * @param address addresses; null before SET_VRING_ADDR
     * @param enabled value of SET_VRING_ENABLE
     * @param started whether the ring is started: SET_VRING_KICK was received after the last GET_VRING_BASE
     * @param kick kick descriptor, null for none
     * @param call call descriptor, null for none
     * @param err error descriptor, null for none
     */
    public record RingState(
            int size,
            @Nullable VringAddress address,
            boolean enabled,
            boolean started,
            @Nullable Fd kick,
            @Nullable Fd call,
            @Nullable Fd err) {}
}
