// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.driver;

/** Buffers of one size in guest memory, taken and returned in any order; the one returned last is taken first. */
public final class BufferPool {
    /** What {@link #take} returns when every buffer is out. */
    public static final long NONE = -1;

    private final long[] free;
    private final int bytes;
    private int count;

    /**
     * Allocates the buffers.
     *
     * @param memory the memory
     * @param buffers the number of buffers
     * @param bytes of each
     * @param alignment of each, a power of two
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
     * The size of every buffer.
     *
     * @return bytes
     */
    public int bytes() {
        return bytes;
    }

    /**
     * The number of buffers that are here.
     *
     * @return 0 up to the number that was allocated
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
     * Gives a buffer back.
     *
     * @param address what {@link #take} returned
     */
    public void give(long address) {
        free[count++] = address;
    }
}
