// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.driver;

/**
 * A pool of equally large buffers in guest memory. Buffers may be taken and returned in any order; the one returned
 * last is taken first.
 */
public final class BufferPool {
    /** The result of {@link #take} when no buffer is left. */
    public static final long NONE = -1;

    private final long[] free;
    private final int bytes;
    private int count;

    /**
     * Allocates the buffers.
     *
     * @param memory memory to allocate from
     * @param buffers the number of buffers
     * @param bytes size of each buffer in bytes
     * @param alignment alignment of each buffer in bytes, a power of two
     */
    public BufferPool(DriverMemory memory, int buffers, int bytes, int alignment) {
        this.free = new long[buffers];
        this.bytes = bytes;
        for (int i = buffers - 1; i >= 0; i--) {
            free[i] = memory.allocate(bytes, alignment);
        }
        this.count = buffers;
    }

    /**
     * Returns the size of every buffer.
     *
     * @return the size in bytes
     */
    public int bytes() {
        return bytes;
    }

    /**
     * Returns the number of buffers that can be taken.
     *
     * @return 0 to the number that was allocated
     */
    public int available() {
        return count;
    }

    /**
     * Takes a buffer.
     *
     * @return its guest-physical address, or {@link #NONE}
     */
    public long take() {
        return count == 0 ? NONE : free[--count];
    }

    /**
     * Puts a buffer back.
     *
     * @param address the address that {@link #take} returned
     */
    public void give(long address) {
        free[count++] = address;
    }
}
