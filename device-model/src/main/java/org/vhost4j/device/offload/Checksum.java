// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import java.nio.ByteBuffer;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.memory.HostMemory;

/**
 * The Internet checksum (RFC 1071) over off-heap bytes.
 *
 * <p>A <em>sum</em> is the ones' complement sum of big-endian 16-bit words, from 0 to 0xffff; it is not inverted. Sums
 * of pieces are added as plain integers; the sum of a piece that begins at an odd offset is first passed through {@link
 * #swap}. {@link #fold} turns the result into a sum again. The value of a checksum field is {@link #finish} of the sum.
 */
public final class Checksum {
    /** Minimum length in bytes at which the vectorised loop is faster. */
    private static final int VECTOR_FROM = 320;

    private Checksum() {}

    /**
     * Sums a range of memory. An odd last byte counts as the high byte of a word whose low byte is 0.
     *
     * @param address host address of the first byte, of any alignment
     * @param length number of bytes, 0 to 2^29
     * @return the sum
     */
    public static int sum(long address, int length) {
        // This is one large method on purpose (325 bytes of bytecode), so that C2 does not inline it: inlined into a
        // caller that uses many registers, the loops would keep their sums on the stack. Words are added as
        // little-endian numbers and the result is swapped once: the sum does not depend on the byte order (RFC 1071
        // section 2B).
        long low = 0;
        long high = 0;
        if (length >= VECTOR_FROM) {
            // C2 vectorises a loop over an int index of a window. 2^29 bytes of 32-bit halves cannot overflow 64 bits.
            ByteBuffer bytes = HostMemory.window(address);
            int start = HostMemory.windowOffset(address);
            int end = start + (length & ~7);
            for (int i = start; i < end; i += 8) {
                long word = bytes.getLong(i);
                low += word & 0xffffffffL;
                high += word >>> 32;
            }
        } else {
            // The sum of the lower halves is calculated as the (overflowing) sum of whole words minus that of the upper
            // halves.
            long at = address;
            long end = address + (length & ~31);
            while (at < end) {
                long a = HostMemory.getLongLE(at);
                long b = HostMemory.getLongLE(at + 8);
                long c = HostMemory.getLongLE(at + 16);
                long d = HostMemory.getLongLE(at + 24);
                low += a + b + (c + d);
                high += (a >>> 32) + (b >>> 32) + ((c >>> 32) + (d >>> 32));
                at += 32;
            }
            if ((length & 16) != 0) {
                long a = HostMemory.getLongLE(at);
                long b = HostMemory.getLongLE(at + 8);
                low += a + b;
                high += (a >>> 32) + (b >>> 32);
                at += 16;
            }
            if ((length & 8) != 0) {
                long a = HostMemory.getLongLE(at);
                low += a;
                high += a >>> 32;
            }
            low -= high << 32;
        }
        long rest;
        if (length >= 8) {
            // The remaining bytes are the last part of the last 8 bytes. Two shifts, because one shift cannot be by 64.
            rest = HostMemory.getLongLE(address + length - 8) >>> 1 >>> (63 - 8 * (length & 7));
        } else {
            rest = sumFew(address, length);
        }
        return swap(fold(low + high + (rest & 0xffffffffL) + (rest >>> 32)));
    }

    private static long sumFew(long address, int length) {
        long sum = 0;
        long at = address;
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
        return sum;
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
     * Sums whole pieces of a frame.
     *
     * @param frame the frame
     * @param piece index of the first piece to sum; all pieces after it are summed, too
     * @return the sum, as if the bytes were contiguous, before {@link #fold}: less than 2^27
     */
    static int sumPieces(Frame frame, int piece) {
        int sum = 0;
        int before = 0;
        for (int i = piece; i < frame.pieces; i++) {
            int part = sum(frame.address[i], frame.length[i]);
            sum += (before & 1) == 0 ? part : swap(part);
            before += frame.length[i];
        }
        return sum;
    }

    /**
     * Sums a range of a frame's bytes.
     *
     * @param frame the frame; its pieces may have more than {@code to} bytes
     * @param from offset of the first byte
     * @param to offset after the last byte
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

    /**
     * Reduces added sums to a sum of 16 bits, by adding the carries back in.
     *
     * @param sum the added sums, not negative
     * @return the sum modulo 0xffff, from 0 to 0xffff; 0 only for 0
     */
    public static int fold(long sum) {
        // The upper half of each addition is the sum of both halves with the carry of the lower one added back in.
        int half = (int) ((sum + Long.rotateLeft(sum, 32)) >>> 32);
        return (half + Integer.rotateLeft(half, 16)) >>> 16;
    }

    /**
     * Returns the sum of the same bytes shifted by one, as needed for a piece that begins at an odd offset (RFC 1071
     * section 2B).
     *
     * @param sum from 0 to 0xffff
     * @return the sum with its two bytes exchanged
     */
    public static int swap(int sum) {
        return (sum & 0xff) << 8 | sum >>> 8;
    }

    /**
     * Returns the value of a checksum field.
     *
     * @param sum the added sums, not negative, of everything that the checksum covers
     * @return the inverted folded sum, from 0 to 0xffff
     */
    public static int finish(long sum) {
        return ~fold(sum) & 0xffff;
    }
}
