// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.util.Arrays;
import org.vhost4j.device.memory.DirtyPages;

/**
 * The pieces that the device may write of the chains that were popped and are neither used nor given back, in the order of the chains,
 * which is the order in which they are used. Grows as long as there are more of them than ever before.
 */
final class WritablePieces {
    private long[] address = new long[Buffers.CAPACITY];
    private int[] length = new int[Buffers.CAPACITY];
    /** Where the pieces of a chain end in the two above. */
    private int[] end = new int[Buffers.CAPACITY];

    private int firstPiece;
    private int pieces;
    private int firstChain;
    private int chains;

    /** A chain was popped; its pieces are added next. */
    private void begin() {
        if (firstChain == chains) {
            firstChain = 0;
            chains = 0;
            firstPiece = 0;
            pieces = 0;
        }
        if (chains == end.length) {
            end = Arrays.copyOf(end, 2 * end.length);
        }
    }

    private void add(long pieceAddress, int pieceLength) {
        int n = pieces;
        if (n == address.length) {
            address = Arrays.copyOf(address, 2 * n);
            length = Arrays.copyOf(length, 2 * n);
        }
        address[n] = pieceAddress;
        length[n] = pieceLength;
        pieces = n + 1;
    }

    /** A chain was popped. */
    void popped(Chain chain) {
        begin();
        for (int i = chain.readable; i < chain.pieces; i++) {
            add(chain.address[i], chain.length[i]);
        }
        end[chains++] = pieces;
    }

    /** Chains of one buffer each were popped. */
    void popped(Buffers buffers, int count, boolean writable) {
        for (int i = 0; i < count; i++) {
            begin();
            if (writable) {
                add(buffers.address[i], buffers.length[i]);
            }
            end[chains++] = pieces;
        }
    }

    /** The chains popped last are given back. */
    void unpopped(int count) {
        chains -= count;
        pieces = chains == firstChain ? firstPiece : end[chains - 1];
    }

    /** The chains popped last are given back, and some of their bytes were written. */
    void unpoppedWritten(int count, DirtyPages dirty) {
        int from = chains - count == firstChain ? firstPiece : end[chains - count - 1];
        for (int i = from; i < pieces; i++) {
            dirty.wrote(address[i], length[i]);
        }
        unpopped(count);
    }

    /** The chain popped first was used. */
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

    /** The chains popped first were used, and what was written into them is known. */
    void used(int count) {
        if (count != 0) {
            firstChain += count;
            firstPiece = end[firstChain - 1];
        }
    }
}
