// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.util.ArrayList;
import java.util.List;

/**
 * The division of a frame and its virtio-net header into descriptors. Descriptors are never adjacent in memory, so that
 * a device that merges two of them produces damaged frames.
 *
 * @param headerPiece the largest number of header bytes in one descriptor; 0 puts the header in one descriptor with the beginning of the
 *     frame (any layout: VERSION_1 or ANY_LAYOUT)
 * @param framePiece the largest number of frame bytes in one descriptor; 0 for no limit
 * @param indirect whether the descriptors are in an indirect table (INDIRECT_DESC)
 */
public record ChainShape(int headerPiece, int framePiece, boolean indirect) {
    /** Header and frame in one descriptor. */
    public static final ChainShape TOGETHER = new ChainShape(0, 0, false);
    /** One descriptor for the header and one for the frame, as legacy devices require. */
    public static final ChainShape HEADER_APART = new ChainShape(Integer.MAX_VALUE, 0, false);
    /** One descriptor for each byte of the header and one for the frame. */
    public static final ChainShape HEADER_SPREAD = new ChainShape(1, 0, false);

    /** Number of unused bytes between two descriptors' buffers in memory. */
    static final int GAP = 5;

    /**
     * Returns a shape with the header in its own descriptor and the frame in pieces.
     *
     * @param bytes the largest number of frame bytes in one descriptor
     * @return the shape
     */
    public static ChainShape pieces(int bytes) {
        return new ChainShape(Integer.MAX_VALUE, bytes, false);
    }

    /**
     * Returns this shape with an indirect table.
     *
     * @return a copy
     */
    public ChainShape inTable() {
        return new ChainShape(headerPiece, framePiece, true);
    }

    /** Returns the lengths of the descriptors for a header and a frame of the given lengths, in bytes. */
    int[] cut(int headerBytes, int frameBytes) {
        List<Integer> lengths = new ArrayList<>();
        int together = headerPiece == 0 ? headerBytes : 0;
        for (int left = headerBytes - together; left > 0; left -= headerPiece) {
            lengths.add(Math.min(left, headerPiece));
        }
        int limit = framePiece == 0 ? Integer.MAX_VALUE - headerBytes : framePiece;
        int left = frameBytes;
        do {
            int piece = Math.min(left, limit);
            if (piece + together > 0) {
                lengths.add(piece + together);
            }
            together = 0;
            left -= piece;
        } while (left > 0);
        return lengths.stream().mapToInt(Integer::intValue).toArray();
    }

    /** Returns the number of bytes of memory that the descriptors' buffers and the gaps between them occupy. */
    static int span(int[] pieces) {
        int span = 0;
        for (int piece : pieces) {
            span += piece + GAP;
        }
        return span;
    }
}
