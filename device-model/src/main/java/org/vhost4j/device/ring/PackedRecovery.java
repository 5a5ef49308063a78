// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.lang.foreign.MemorySegment;

/**
 * Finds the position in a packed ring at which a device died, and the chains that must be returned to the driver. These
 * are the chains that the device had popped, whose frames may have been sent, and the chains of a burst that it had
 * begun to use but not published.
 *
 * <p>A lap is one pass over the ring. A descriptor that the device has popped was available in the current lap; after
 * its publication it is used, or available for the next lap. Some descriptors keep the flags of an available
 * descriptor: those after the first of a chain, and those of an IN_ORDER batch that one used descriptor stands for.
 * Their flags carry no information; neither do those of descriptors that the driver has not made available yet.
 * Positions here count over two laps, from 0 to 2 * size - 1; the first lap has wrap counter 1.
 *
 * <p>QEMU does not know the position of a packed ring. It sends the last position that it knew. When the connection
 * closes, its link goes down and it uses the available chains from that position on; then it sends the position after
 * them. In this case chains before that position are returned, too: their frames are older, and QEMU drops all frames
 * of a split ring in the same situation.
 */
final class PackedRecovery {
    private final int size;
    private final MemorySegment descriptors;

    /** The {@link Chain#id} of each chain to return, oldest first. */
    final int[] chains;

    int count;

    /** Position of the first of {@link #chains}, as in {@link Virtqueue#base()}. */
    int from;

    /** Position after the last of {@link #chains}. */
    int end;

    /**
     * Position at which the device continues: {@link #end}, or the position after the chains that the front-end has
     * used itself.
     */
    int next;

    /** Number of descriptors of {@link #chains}. */
    private int listed;

    private int chainId;

    /**
     * Inspects a ring whose device died.
     *
     * @param progress the recorded progress of the queue
     * @param base position that the front-end sent for this start
     * @param batches whether one used descriptor may stand for several chains, as with IN_ORDER
     * @throws RingFault when the record contradicts the ring; the message names the contradiction
     */
    PackedRecovery(int size, MemorySegment descriptors, QueueProgress progress, int base, boolean batches) {
        this.size = size;
        this.descriptors = descriptors;
        this.chains = new int[size];
        int now = inLaps(base);
        int before = progress.given() == QueueProgress.UNKNOWN ? now : inLaps(progress.given());
        int at = inLaps(progress.publishedTo());
        int taken = inLaps(progress.taken());
        int publishing = inLaps(progress.publishing());
        int began = inLaps(progress.publishedFrom());
        if (began != at) {
            requireOurs(began, at, batches, publishing == at && now == before);
        }
        if (publishing != at && distance(at, publishing) <= size && !isAvailable(at)) {
            // The descriptor was available when it was popped, so the publication was made, but not recorded.
            at = publishing;
        }
        if (distance(before, at) < distance(before, now) && !isAvailable(at)) {
            // The front-end has used the available chains. It stopped before the used chains of an unpublished burst;
            // using the chains before them published that burst.
            at = shown(now, taken);
            taken = distance(at, taken) <= size ? taken : at;
            now = at;
        } else if (isUsed(at)) {
            throw contradiction(at, "is used already");
        }
        from = position(at);
        // Chains that the front-end used before the device's position are ignored: the device had used them in a batch
        // without changing their flags, and the driver does not read them again.
        boolean usedByFrontEnd = now != before && now != at && distance(at, before) < size;
        if (usedByFrontEnd) {
            if (!passed(before)) {
                throw contradiction(before, "is not used, but the front-end has continued after it");
            }
            end = position(walk(at, before));
            next = position(now);
        } else {
            end = position(walkUsed(taken == at ? unshown(at) : walk(at, taken)));
            next = end;
        }
    }

    private int inLaps(int position) {
        int index = position & ~PackedLayout.WRAP & 0xffff;
        if (index >= size) {
            throw new RingFault("it is outside a ring of " + size);
        }
        return (position & PackedLayout.WRAP) != 0 ? index : index + size;
    }

    private int position(int inLaps) {
        return inLaps < size ? inLaps | PackedLayout.WRAP : inLaps - size;
    }

    private int after(int at, int steps) {
        int next = at + steps;
        return next >= 2 * size ? next - 2 * size : next;
    }

    private int distance(int one, int other) {
        int steps = other - one;
        return steps < 0 ? steps + 2 * size : steps;
    }

    private int flags(int at) {
        return (short) PackedLayout.ALIGNED_SHORT.getAcquire(descriptors, PackedLayout.flagsAt(at % size)) & 0xffff;
    }

    private int marks(int at) {
        return flags(at) & PackedLayout.MARKS;
    }

    private boolean passed(int at) {
        return ((short) flags(at) < 0) == (at < size);
    }

    private boolean isUsed(int at) {
        return marks(at) == (at < size ? PackedLayout.USED : 0);
    }

    private boolean isAvailable(int at) {
        return marks(at) == (at < size ? PackedLayout.AVAILABLE : PackedLayout.AVAILABLE ^ PackedLayout.MARKS);
    }

    /**
     * Returns the position after the published chains. The driver may have made chains before {@code taken} available
     * for the next lap already.
     */
    private int shown(int begin, int taken) {
        int at = begin;
        int left = distance(begin, taken) <= size ? distance(begin, taken) : 0;
        while (isUsed(at) || (left > 0 && passed(at))) {
            int length = isUsed(at) ? chainAt(at) : 1;
            at = after(at, length);
            left -= length;
            if (distance(begin, at) > size) {
                throw contradiction(at, "is more than one lap ahead");
            }
        }
        return at;
    }

    /**
     * Checks a ring against the last recorded publication. Its first descriptor was used in the recorded lap, or in the
     * next one when a publication of the whole ring was not recorded. Fails for a ring that was zeroed since.
     *
     * @param began position at which the publication began
     * @param at position at which it ended
     * @param batches whether one used descriptor may stand for several chains, whose flags then do not change
     * @param complete whether neither the device nor the front-end has used a chain after {@code at}
     */
    private void requireOurs(int began, int at, boolean batches, boolean complete) {
        boolean zero = (long) PackedLayout.ADDR.get(descriptors, (long) PackedLayout.SIZE * (began % size)) == 0;
        if (zero || (!passed(began) && !isUsed(after(began, size)))) {
            throw contradiction(began, "was never used");
        }
        if (isUsed(began) || isUsed(after(began, size))) {
            return;
        }
        // The driver has made this descriptor available for the next lap, and therefore all descriptors before it.
        if (!isAvailable(at) && (complete || !passed(at))) {
            throw contradiction(at, "was not made available, but the later " + began % size + " was");
        }
        boolean any = (began < size) == (at < size) || at % size == 0 || batches;
        for (int i = 1; i <= at % size; i++) {
            any |= passed(after(at, 2 * size - i));
        }
        if (!any) {
            throw contradiction(0, "was never used in this lap");
        }
    }

    /** Adds the chains from one position up to another to the list; returns the end position. */
    private int walk(int begin, int end) {
        int at = begin;
        int left = distance(begin, end);
        if (left > size) {
            throw contradiction(end, "is more than one lap ahead");
        }
        while (left > 0) {
            int length = chainAt(at);
            if (length > left) {
                throw contradiction(at, "begins a chain that ends after the recorded position");
            }
            add(length);
            at = after(at, length);
            left -= length;
        }
        return end;
    }

    /**
     * Adds the first chain of an unpublished burst to the list if later chains of the burst are used: the used
     * descriptor of the first chain is written last. Returns the position after the chain, or {@code at} without one.
     */
    private int unshown(int at) {
        if (!isAvailable(at)) {
            return at;
        }
        int length = chainAt(at);
        int behind = after(at, length);
        if (length == size || !isUsed(behind)) {
            return at;
        }
        add(length);
        return behind;
    }

    /**
     * Adds used but unpublished chains to the list: those after the first chain of a burst, whose used descriptor was
     * not written. Returns the position after them.
     */
    private int walkUsed(int begin) {
        int at = begin;
        while (count > 0 && listed < size && isUsed(at)) {
            int length = chainAt(at);
            if (listed + length > size) {
                throw contradiction(at, "begins a chain that is longer than the ring");
            }
            add(length);
            at = after(at, length);
        }
        return at;
    }

    private void add(int length) {
        chains[count] = chainId | length << 16;
        count++;
        listed += length;
    }

    /** Returns the number of descriptors of the chain at a position, and sets {@link #chainId}. */
    private int chainAt(int at) {
        if (isAvailable(at)) {
            int length = ending(at);
            if (length == 0) {
                throw contradiction(at, "begins a chain without an end");
            }
            return length;
        }
        if (!isUsed(at)) {
            throw contradiction(at, "is neither available nor used");
        }
        // The used descriptor has overwritten the NEXT flag. The last descriptor of this chain has the same buffer ID,
        // which no other chain can have before the driver has seen this one as used.
        int id = id(at);
        int behind = after(at, 1);
        if (isAvailable(behind)) {
            int rest = ending(behind);
            if (rest != 0 && rest < size && chainId == id) {
                return rest + 1;
            }
        }
        chainId = id;
        return 1;
    }

    /**
     * Returns the number of descriptors from an available one to the end of its chain, whose buffer ID becomes {@link
     * #chainId}. Returns 0 when the chain does not end.
     */
    private int ending(int begin) {
        int at = begin;
        for (int length = 1; length <= size; length++) {
            if (!isAvailable(at)) {
                return 0;
            }
            if ((flags(at) & PackedLayout.NEXT) == 0) {
                chainId = id(at);
                return length;
            }
            at = after(at, 1);
        }
        return 0;
    }

    private int id(int at) {
        return (short) PackedLayout.ID.get(descriptors, (long) PackedLayout.SIZE * (at % size)) & 0xffff;
    }

    private RingFault contradiction(int at, String what) {
        return new RingFault("descriptor " + at % size + " " + what);
    }
}
