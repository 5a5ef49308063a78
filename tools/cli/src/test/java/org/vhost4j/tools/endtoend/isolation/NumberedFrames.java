// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;
import java.util.zip.CRC32;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.ReceivedFrame;

/**
 * The frames from one guest to another, which have a number, the time at which they were due and a checksum, and the
 * counts of those that arrived. Used by one thread at a time.
 */
final class NumberedFrames {
    /** Local experimental EtherType 1 of IEEE 802: no other test's frames are taken for ours. */
    private static final short ETHER_TYPE = (short) 0x88b5;

    private static final int HEADER = 14;
    private static final int TRAILER = Integer.BYTES;
    private static final int LEAST = 100;
    private static final int LENGTHS = 1_301;

    private final NetDriver from;
    private final NetDriver to;
    private final byte[] addresses = new byte[12];

    private long next;
    private long base;
    private BitSet seen = new BitSet();
    private long[] latencies = new long[1 << 14];
    private int received;
    private long doubled;
    private long damaged;
    private long lastArrival;
    private long gap;

    NumberedFrames(NetDriver from, NetDriver to, int source, int target) {
        this.from = from;
        this.to = to;
        addresses[0] = 2;
        addresses[5] = (byte) target;
        addresses[6] = 2;
        addresses[11] = (byte) source;
    }

    /** Begins a new account. */
    void begin(long now) {
        base = next;
        seen = new BitSet();
        received = 0;
        doubled = 0;
        damaged = 0;
        lastArrival = now;
        gap = 0;
    }

    /** Sends the next frame; waits when the transmit queue is full. */
    void send(long due) {
        int length = LEAST + (int) (next * 37 % LENGTHS);
        ByteBuffer frame = ByteBuffer.allocate(length);
        frame.put(addresses).putShort(ETHER_TYPE).putLong(next).putLong(due);
        Arrays.fill(frame.array(), frame.position(), length - TRAILER, (byte) next);
        frame.putInt(length - TRAILER, checksum(frame.array()));
        next++;
        from.send(frame.array());
    }

    /** Takes every frame that has arrived. */
    void take() {
        Optional<ReceivedFrame> frame = to.poll(0);
        while (frame.isPresent()) {
            take(frame.get().bytes());
            frame = to.poll(0);
        }
    }

    private void take(byte[] bytes) {
        ByteBuffer frame = ByteBuffer.wrap(bytes);
        if (bytes.length < LEAST
                || !Arrays.equals(bytes, 0, 12, addresses, 0, 12)
                || frame.getShort(12) != ETHER_TYPE) {
            // Of other guests: a broadcast, or flooded. A frame of this test that was damaged is counted as lost.
            return;
        }
        long now = System.nanoTime();
        long number = frame.getLong(HEADER);
        if (frame.getInt(bytes.length - TRAILER) != checksum(bytes)) {
            damaged++;
        } else if (number < base || seen.get((int) (number - base))) {
            doubled++;
        } else {
            seen.set((int) (number - base));
            if (received == latencies.length) {
                latencies = Arrays.copyOf(latencies, 2 * received);
            }
            latencies[received++] = now - frame.getLong(HEADER + Long.BYTES);
        }
        gap = Math.max(gap, now - lastArrival);
        lastArrival = now;
    }

    private static int checksum(byte[] frame) {
        CRC32 crc = new CRC32();
        crc.update(frame, 0, frame.length - TRAILER);
        return (int) crc.getValue();
    }

    boolean complete() {
        return received == sent();
    }

    long sent() {
        return next - base;
    }

    /** The account of both ways together. */
    Report with(NumberedFrames other) {
        long[] all = Arrays.copyOf(latencies, received + other.received);
        System.arraycopy(other.latencies, 0, all, received, other.received);
        Arrays.sort(all);
        return new Report(
                sent() + other.sent(),
                all.length,
                doubled + other.doubled,
                damaged + other.damaged,
                all.length == 0 ? 0 : all[(int) (all.length * 99L / 100)],
                all.length == 0 ? 0 : all[all.length - 1],
                Math.max(gap, other.gap));
    }
}
