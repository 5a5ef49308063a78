// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

/**
 * One descriptor chain, read once and translated to host addresses: first the device-readable pieces, then the
 * device-writable ones. Reused for the next chain; the addresses stay valid until the burst ends.
 */
public final class Chain {
    /**
     * The maximum number of pieces in a chain, regardless of the queue's size. The specification bounds a chain by the
     * queue size; QEMU has the same limit and offers no larger queue.
     */
    public static final int MAX_PIECES = 1024;

    /** Host address of each piece. */
    public final long[] address = new long[MAX_PIECES];
    /** Length of each piece in bytes, at least 1. */
    public final int[] length = new int[MAX_PIECES];
    /** Identifies the chain to {@link Virtqueue#addUsed}; its encoding depends on the ring format. */
    public int id;
    /** The index of the chain's first descriptor in its ring, for messages. */
    public int head;
    /** Number of pieces that the device may read; they come first. */
    public int readable;
    /** Total number of pieces. */
    public int pieces;
    /** Total size in bytes of the pieces that the device may read. */
    public long readableBytes;
    /** Total size in bytes of the pieces that the device may write. */
    public long writableBytes;

    /** Creates an empty chain. */
    public Chain() {}

    /** Sets the number and total size of the pieces, which are already in the arrays and are all readable. */
    void readable(int count, long bytes) {
        pieces = count;
        readable = count;
        readableBytes = bytes;
    }

    /** Removes all pieces. */
    void clear() {
        readable = 0;
        pieces = 0;
        readableBytes = 0;
        writableBytes = 0;
    }
}
