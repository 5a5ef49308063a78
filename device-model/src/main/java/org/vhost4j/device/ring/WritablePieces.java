// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.util.Arrays;
import org.vhost4j.device.memory.DirtyPages;

/**
 * The writable pieces of all chains that are popped but neither used nor put back into the ring. Chains are used in the
 * order in which they were popped. The arrays grow to the largest number of pieces needed at a time.
 */
final class WritablePieces {
    private long[] address = new long[Buffers.CAPACITY];
    private int[] length = new int[Buffers.CAPACITY];
    /** For each chain, the index after its last piece in the two arrays above. */
    private int[] end = new int[Buffers.CAPACITY];

    private int firstPiece;
    private int pieces;
    private int firstChain;
    private int chains;

    /** Makes room for more chains and pieces, which are added next. */
    private void room(int moreChains, int morePieces) {
        if (firstChain == chains) {
            firstChain = 0;
            chains = 0;
            firstPiece = 0;
            pieces = 0;
        }
        if (chains + moreChains > end.length || pieces + morePieces > address.length) {
            moveToFront();
            end = grown(end, chains + moreChains);
            length = grown(length, pieces + morePieces);
            address = length.length == address.length ? address : Arrays.copyOf(address, length.length);
        }
    }

    /** Returns the number of pieces for which there is room. */
    int capacity() {
        return address.length;
    }

    /** Removes the chains that were used, and moves the others to the front. */
    private void moveToFront() {
        chains -= firstChain;
        pieces -= firstPiece;
        System.arraycopy(address, firstPiece, address, 0, pieces);
        System.arraycopy(length, firstPiece, length, 0, pieces);
        for (int i = 0; i < chains; i++) {
            end[i] = end[firstChain + i] - firstPiece;
        }
        firstChain = 0;
        firstPiece = 0;
    }

    /** Returns an array of twice the needed length, so that chains are rarely moved to the front. */
    private static int[] grown(int[] array, int needed) {
        return 2 * needed > array.length ? Arrays.copyOf(array, 2 * needed) : array;
    }

    /** Adds a chain that was popped. */
    void popped(Chain chain) {
        int n = chain.pieces - chain.readable;
        room(1, n);
        System.arraycopy(chain.address, chain.readable, address, pieces, n);
        System.arraycopy(chain.length, chain.readable, length, pieces, n);
        pieces += n;
        end[chains++] = pieces;
    }

    /** Adds chains of one buffer each that were popped. */
    void popped(Buffers buffers, int count, boolean writable) {
        if (count == 0) {
            return;
        }
        room(count, writable ? count : 0);
        int first = pieces;
        if (writable) {
            System.arraycopy(buffers.address, 0, address, first, count);
            System.arraycopy(buffers.length, 0, length, first, count);
            for (int i = 0; i < count; i++) {
                end[chains + i] = first + i + 1;
            }
            pieces = first + count;
        } else {
            Arrays.fill(end, chains, chains + count, first);
        }
        chains += count;
    }

    /** Removes the chains that were popped last and are put back into the ring. */
    void unpopped(int count) {
        chains -= count;
        pieces = chains == firstChain ? firstPiece : end[chains - 1];
    }

    /** Removes the chains that were popped last and are put back into the ring; marks all of their writable bytes. */
    void unpoppedWritten(int count, DirtyPages dirty) {
        int from = chains - count == firstChain ? firstPiece : end[chains - count - 1];
        for (int i = from; i < pieces; i++) {
            dirty.wrote(address[i], length[i]);
        }
        unpopped(count);
    }

    /** Removes the chain that was popped first and is used now, and marks the bytes written into it. */
    void used(int written, DirtyPages dirty) {
        int last = end[firstChain++];
        long left = written;
        for (int i = firstPiece; i < last && left > 0; i++) {
            long part = Math.min(left, length[i]);
            dirty.wrote(address[i], part);
            left -= part;
        }
        firstPiece = last;
    }

    /** Removes the chains that were popped first and are used now; the bytes written into them are marked already. */
    void used(int count) {
        if (count != 0) {
            firstChain += count;
            firstPiece = end[firstChain - 1];
        }
    }
}
