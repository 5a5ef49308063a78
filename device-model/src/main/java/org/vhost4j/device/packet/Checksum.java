// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.packet;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.net.Frame;

/**
 * The Internet checksum (RFC 1071) over off-heap bytes.
 *
 * <p>A <em>sum</em> is the ones' complement sum of big-endian 16-bit words, from 0 to 0xffff; it is not inverted. Sums of
 * pieces are added as plain integers, those of pieces that begin at an odd offset after {@link #swap}, and {@link #fold} ends
 * the addition. A header's checksum field holds {@link #finish} of the sum.
 */
public final class Checksum {
    /** From this length on, setting up the vectorised loop pays. */
    private static final int VECTOR_FROM = 104;

    private static final ValueLayout.OfLong WORD = JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Checksum() {}

    /**
     * Sums a range of memory. An odd last byte counts as the high byte of a word whose low byte is 0.
     *
     * @param address host address of the first byte, of any alignment
     * @param length how many bytes, 0 to 2^29
     * @return the sum
     */
    public static int sum(long address, int length) {
        int words = length & ~7;
        // Words are added as little-endian numbers and the result is swapped once: the sum does not depend on the byte
        // order
        // (RFC 1071 section 2B).
        long sum = words < VECTOR_FROM ? sumShort(address, words) : sumLong(address, words);
        long at = address + words;
        if ((length & 4) != 0) {
            sum += HostMemory.getIntLE(at) & 0xffffffffL;
            at += 4;
        }
        if ((length & 2) != 0) {
            sum += HostMemory.getShortLE(at);
            at += 2;
        }
        if ((length & 1) != 0) {
            sum += HostMemory.getByte(at);
        }
        return swap(fold(sum));
    }

    /**
     * Sums a frame's bytes from an offset to its end.
     *
     * @param frame the frame
     * @param from offset of the first byte, from 0 to {@code frame.bytes}
     * @return the sum, as if the bytes were contiguous
     */
    public static int sum(Frame frame, int from) {
        return sum(frame, from, frame.bytes);
    }

    /**
     * Sums some of a frame's bytes.
     *
     * @param frame the frame; its pieces may be more than {@code to} bytes
     * @param from offset of the first byte
     * @param to offset behind the last byte
     * @return the sum, as if the bytes were contiguous
     */
    public static int sum(Frame frame, int from, int to) {
        int skip = from;
        int left = to - from;
        boolean odd = false;
        long sum = 0;
        for (int i = 0; left > 0; i++) {
            int length = frame.length[i];
            if (skip >= length) {
                skip -= length;
                continue;
            }
            int bytes = Math.min(length - skip, left);
            int part = sum(frame.address[i] + skip, bytes);
            sum += odd ? swap(part) : part;
            odd ^= (bytes & 1) != 0;
            left -= bytes;
            skip = 0;
        }
        return fold(sum);
    }

    // Alone in its method and stepping an int in bytes through a window: the shape that C2 turns into vector
    // instructions.
    // 2^29 bytes of 32-bit halves cannot overflow 64 bits.
    private static long sumLong(long address, int length) {
        MemorySegment bytes = HostMemory.window(address);
        int start = HostMemory.windowOffset(address);
        int end = start + length;
        long low = 0;
        long high = 0;
        for (int i = start; i < end; i += 8) {
            long word = bytes.get(WORD, i);
            low += word & 0xffffffffL;
            high += word >>> 32;
        }
        return low + high;
    }

    private static long sumShort(long address, int length) {
        long sum = 0;
        for (int i = 0; i < length; i += 8) {
            long word = HostMemory.getLongLE(address + i);
            sum += (word & 0xffffffffL) + (word >>> 32);
        }
        return sum;
    }

    /**
     * Ends an addition of sums by adding the carries back in.
     *
     * @param sum the added sums, not negative
     * @return the same modulo 0xffff, from 0 to 0xffff; 0 only for 0
     */
    public static int fold(long sum) {
        long folded = (sum & 0xffffffffL) + (sum >>> 32);
        folded = (folded & 0xffff) + (folded >>> 16 & 0xffff) + (folded >>> 32);
        folded = (folded & 0xffff) + (folded >>> 16);
        return (int) ((folded & 0xffff) + (folded >>> 16));
    }

    /**
     * The sum of the same bytes moved by one, as needed for a piece that begins at an odd offset (RFC 1071 section 2B).
     *
     * @param sum from 0 to 0xffff
     * @return its two bytes exchanged
     */
    public static int swap(int sum) {
        return (sum & 0xff) << 8 | sum >>> 8;
    }

    /**
     * What a checksum field holds.
     *
     * @param sum the added sums, not negative, of everything that the checksum covers
     * @return the inverted folded sum, from 0 to 0xffff
     */
    public static int finish(long sum) {
        return ~fold(sum) & 0xffff;
    }
}
