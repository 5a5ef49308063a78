// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

/**
 * Chains of one buffer each, which nearly all chains of a network device are, read and translated together: so their cache lines come
 * from the driver's core at the same time, and what is done for each is little. Reused for the next ones; the addresses hold until the
 * turn ends.
 */
public final class Buffers {
    /** The maximum number of chains that are taken together. */
    public static final int CAPACITY = 32;

    /** Host address of each buffer. */
    public final long[] address = new long[CAPACITY];
    /** Length of each buffer in bytes, at least 1; the user of a writable buffer stores the number of bytes it wrote here. */
    public final int[] length = new int[CAPACITY];
    /** Names each chain to the queue; what it is made of is the ring format's affair. */
    public final int[] id = new int[CAPACITY];

    /** Creates an empty list. */
    public Buffers() {}
}
