// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.stats;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

/**
 * The counters of a port that is not a guest. The port's lane writes them; any thread may read them. A read is never
 * torn, but may be slightly out of date.
 */
@SuppressWarnings(
        "EnumOrdinal") // The enum's ordinals index the slots only within this process: no ordinal is stored or sent.
public final class PortCounters {
    private static final VarHandle SLOT =
            MethodHandles.arrayElementVarHandle(long[].class).withInvokeExactBehavior();

    private static final int FRAMES_IN = 0;
    private static final int BYTES_IN = 1;
    private static final int SUPER_FRAMES_IN = 2;
    private static final int FRAMES_OUT = 3;
    private static final int BYTES_OUT = 4;
    private static final int SUPER_FRAMES_OUT = 5;
    private static final int DROPS = 6;

    private static final PortDrop[] REASONS = PortDrop.values();

    /** Names of the slots in {@link #all}. */
    private static final List<String> NAMES = Stream.concat(
                    Stream.of(
                            "FRAMES_IN", "BYTES_IN", "SUPER_FRAMES_IN", "FRAMES_OUT", "BYTES_OUT", "SUPER_FRAMES_OUT"),
                    Stream.of(REASONS).map(reason -> "DROPPED_" + reason.name()))
            .toList();

    private final long[] slots = new long[DROPS + REASONS.length];
    private final Instant since = Instant.now();

    /** Counters of the port's parts on other lanes. */
    private final List<PortCounters> parts = new CopyOnWriteArrayList<>();

    /** Creates counters at 0. */
    public PortCounters() {}

    private void add(int slot, long amount) {
        SLOT.setOpaque(slots, slot, slots[slot] + amount);
    }

    private long get(int slot) {
        long sum = (long) SLOT.getOpaque(slots, slot);
        for (PortCounters part : parts) {
            sum += part.get(slot);
        }
        return sum;
    }

    /**
     * Includes the counters of another lane's part of the port. Any thread may call it.
     *
     * @param part the part's counters; they are still included after the part is closed
     */
    public void include(PortCounters part) {
        parts.add(part);
    }

    /**
     * Counts a frame from the network.
     *
     * @param bytes length of the frame in bytes, from its destination MAC address on
     * @param superFrame whether the frame is a super-frame
     */
    public void in(int bytes, boolean superFrame) {
        add(FRAMES_IN, 1);
        add(BYTES_IN, bytes);
        if (superFrame) {
            add(SUPER_FRAMES_IN, 1);
        }
    }

    /**
     * Counts a frame to the network.
     *
     * @param bytes length of the frame in bytes, from its destination MAC address on
     * @param superFrame whether the frame is a super-frame
     */
    public void out(int bytes, boolean superFrame) {
        add(FRAMES_OUT, 1);
        add(BYTES_OUT, bytes);
        if (superFrame) {
            add(SUPER_FRAMES_OUT, 1);
        }
    }

    /**
     * Counts a frame that was dropped.
     *
     * @param reason the reason
     */
    public void drop(PortDrop reason) {
        drop(reason, 1);
    }

    /**
     * Counts frames that were dropped.
     *
     * @param reason the reason
     * @param frames number of frames, at least 0
     */
    public void drop(PortDrop reason, long frames) {
        add(DROPS + reason.ordinal(), frames);
    }

    /**
     * Returns all counters by name, for another process that takes the port over.
     *
     * @return the values; the names do not change between versions
     */
    public Map<String, Long> all() {
        Map<String, Long> all = new LinkedHashMap<>();
        for (int i = 0; i < slots.length; i++) {
            all.put(NAMES.get(i), get(i));
        }
        return all;
    }

    /**
     * Adds the value that a counter had in the previous back-end process of the port.
     *
     * @param name name in {@link #all}; an unknown name of another version is ignored
     * @param amount the value, at least 0
     */
    public void add(String name, long amount) {
        int slot = NAMES.indexOf(name);
        if (slot >= 0) {
            add(slot, amount);
        }
    }

    /**
     * Returns the time at which the port was opened in this process. Values that {@link #add} has added were
     * counted before that time.
     *
     * @return the time by the host's clock
     */
    public Instant since() {
        return since;
    }

    /**
     * Returns the number of frames from the network, whether or not they were delivered.
     *
     * @return the number
     */
    public long framesIn() {
        return get(FRAMES_IN);
    }

    /**
     * Returns the bytes of {@link #framesIn} from the destination MAC address on.
     *
     * @return the number
     */
    public long bytesIn() {
        return get(BYTES_IN);
    }

    /**
     * Returns the number of super-frames among {@link #framesIn}.
     *
     * @return the number
     */
    public long superFramesIn() {
        return get(SUPER_FRAMES_IN);
    }

    /**
     * Returns the number of frames that were sent to the network.
     *
     * @return the number
     */
    public long framesOut() {
        return get(FRAMES_OUT);
    }

    /**
     * Returns the bytes of {@link #framesOut} from the destination MAC address on.
     *
     * @return the number
     */
    public long bytesOut() {
        return get(BYTES_OUT);
    }

    /**
     * Returns the number of super-frames among {@link #framesOut}.
     *
     * @return the number
     */
    public long superFramesOut() {
        return get(SUPER_FRAMES_OUT);
    }

    /**
     * Returns the number of frames that were dropped for one reason.
     *
     * @param reason the reason
     * @return the number
     */
    public long drops(PortDrop reason) {
        return get(DROPS + reason.ordinal());
    }

    /**
     * Returns the number of frames of one direction that were dropped for any reason.
     *
     * @param incoming true for frames from the network, false for frames to it
     * @return the number
     */
    public long drops(boolean incoming) {
        long sum = 0;
        for (PortDrop reason : REASONS) {
            if (reason.isIncoming() == incoming) {
                sum += drops(reason);
            }
        }
        return sum;
    }
}
