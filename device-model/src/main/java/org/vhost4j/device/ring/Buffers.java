// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

/**
 * A burst of chains of one buffer each, as nearly all chains of a network device are. They are read and translated
 * together, so that their cache lines are fetched from the driver's core at the same time. Reused for the next burst;
 * the addresses stay valid until the lane's turn ends.
 */
public final class Buffers {
    /** The maximum number of chains in a burst. */
    public static final int CAPACITY = 32;

    /** Host address of each buffer. */
    public final long[] address = new long[CAPACITY];
    /** Length of each buffer in bytes, at least 1; the user of a writable buffer stores the number of bytes it wrote here. */
    public final int[] length = new int[CAPACITY];
    /** Identifies each chain to the queue; its encoding depends on the ring format. */
    public final int[] id = new int[CAPACITY];

    /** Creates an empty burst. */
    public Buffers() {}
}
