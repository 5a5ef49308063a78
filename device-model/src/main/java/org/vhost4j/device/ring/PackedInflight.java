// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.vhost4j.device.memory.GuestMemory;

/**
 * The in-flight region of a queue with a packed ring (vhost-user protocol, "Inflight I/O tracking"), in the machine's byte order:
 *
 * <pre>
 *   0  u64 features; u16 version; u16 desc_num
 *  12  u16 free_head; u16 old_free_head                      of the list of free entries
 *  16  u16 used_idx; u16 old_used_idx                        next used position
 *  20  u8 used_wrap_counter; u8 old_used_wrap_counter
 *  22  u8 padding[10]
 *  32  for each descriptor: u8 inflight; u8 padding; u16 next; u16 last; u16 num; u64 counter;
 *                           u16 id; u16 flags; u32 len; u64 addr
 * </pre>
 *
 * <p>While a field differs from its counterpart {@code old_…}, an update is in progress. Each pair is written in one
 * store.
 */
final class PackedInflight extends InflightRecord {
    static final int HEADER_BYTES = 32;
    static final int ENTRY_BYTES = 32;

    /** Offset of {@code free_head} and {@code old_free_head}. */
    private static final int HEADS = 12;
    /** Offset of the used indices and wrap counters, and two bytes of padding. */
    private static final int POSITIONS = 16;

    private static final int NEXT = 2;
    private static final int LAST = 4;
    private static final int NUM = 6;
    private static final int COUNTER = 8;
    private static final int ID_FLAGS_LEN = 16;
    private static final int ADDR = 24;

    private static final byte UNKNOWN = 0;
    private static final byte FREE = 1;
    private static final byte TAKEN = 2;

    private final RingParts parts;
    private final GuestMemory memory;
    private final RingFeatures features;

    private final char[] next;
    private final char[] last;
    private final char[] num;
    private int free;
    private int freeHead;
    /** The next used position: the index, and the wrap counter in bit 15. */
    private int used;

    private int batch;

    /** Copies of the descriptors of the chains that were found, chain by chain. */
    private MemorySegment copies = MemorySegment.NULL;

    private PackedChainReader reader;
    /** For each chain that was found, the index of its first copy. */
    private int[] copiesFrom = new int[0];

    private int foundDescriptors;

    PackedInflight(
            InflightRegion region, String name, int size, RingParts parts, GuestMemory memory, RingFeatures features) {
        super(region, name, size);
        this.parts = parts;
        this.memory = memory;
        this.features = features;
        this.next = new char[entries];
        this.last = new char[entries];
        this.num = new char[entries];
        this.reader = new PackedChainReader(name, size, copies, memory, features);
    }

    private static long entry(int index) {
        return HEADER_BYTES + (long) ENTRY_BYTES * index;
    }

    @Override
    void begin(int base) {
        for (int i = 0; i < entries; i++) {
            next[i] = (char) (i + 1);
            region.putLong(entry(i), (long) (i + 1) << 16);
            region.putLong(entry(i) + COUNTER, 0);
        }
        free = entries;
        // A base with a high half of 0 has the same used and available position.
        used = base >>> 16 == 0 ? base & 0xffff : base >>> 16;
        storeHeads();
        storePositions(used);
    }

    private void storeHeads() {
        region.put32(HEADS, freeHead | freeHead << 16);
    }

    private void storePositions(int old) {
        region.putLong(
                POSITIONS,
                (used & ~PackedLayout.WRAP)
                        | (long) (old & ~PackedLayout.WRAP) << 16
                        | (long) (used >>> 15) << 32
                        | (long) (old >>> 15) << 40);
    }

    @Override
    void recover() {
        long positions = region.getLong(POSITIONS);
        int now = position("used_idx", positions, 0, "used_wrap_counter", 32);
        int old = position("old_used_idx", positions, 16, "old_used_wrap_counter", 40);
        boolean shown = now != old && !isAvailable(old);
        used = shown ? now : old;
        freeHead = region.u16(shown ? HEADS : HEADS + 2);
        byte[] state = freeEntries();
        int[] heads = new int[entries];
        long[] counters = new long[entries];
        int count = 0;
        for (int i = 0; i < entries; i++) {
            int inflight = region.u8(entry(i));
            if (state[i] == FREE) {
                if (inflight != 0) {
                    region.put8(entry(i), 0);
                }
            } else if (inflight > 1) {
                throw fault("has entry %d whose inflight is %d, not 0 or 1".formatted(i, inflight));
            } else if (inflight == 1) {
                heads[count] = i;
                counters[count] = region.getLong(entry(i) + COUNTER);
                count++;
            }
        }
        order(heads, counters, count);
        copyFound(state);
        ordered();
        storeHeads();
        ordered();
        storePositions(used);
        hideUsed();
    }

    private int position(String index, long positions, int indexShift, String counter, int counterShift) {
        int at = (int) (positions >>> indexShift) & 0xffff;
        int wrap = (int) (positions >>> counterShift) & 0xff;
        if (at >= size) {
            throw fault("has %s %d in a ring of %d".formatted(index, at, size));
        }
        if (wrap > 1) {
            throw fault("has %s %d, not 0 or 1".formatted(counter, wrap));
        }
        return at | wrap << 15;
    }

    private int ringFlags(int index) {
        return (short) PackedLayout.ALIGNED_SHORT.getAcquire(parts.descriptors(), PackedLayout.flagsAt(index)) & 0xffff;
    }

    private static int availableMarks(int position) {
        return (position & PackedLayout.WRAP) != 0
                ? PackedLayout.AVAILABLE
                : PackedLayout.AVAILABLE ^ PackedLayout.MARKS;
    }

    private boolean isAvailable(int position) {
        return (ringFlags(position & ~PackedLayout.WRAP) & PackedLayout.MARKS) == availableMarks(position);
    }

    /** Reads the list of free entries, which ends with an index beyond the last entry. */
    private byte[] freeEntries() {
        byte[] state = new byte[entries];
        for (int i = 0; i < entries; i++) {
            next[i] = (char) region.u16(entry(i) + NEXT);
        }
        for (int at = freeHead; at < entries; at = next[at]) {
            if (state[at] != UNKNOWN) {
                throw fault("has a list of free entries with a loop at entry " + at);
            }
            state[at] = FREE;
            free++;
        }
        return state;
    }

    /** Copies the descriptors of the chains that were found. */
    private void copyFound(byte[] state) {
        copies = Arena.ofAuto().allocate(PackedLayout.descriptorBytes(size), PackedLayout.SIZE);
        reader = new PackedChainReader(name, size, copies, memory, features);
        copiesFrom = new int[found.length];
        for (int i = 0; i < found.length; i++) {
            int head = found[i];
            int descriptors = region.u16(entry(head) + NUM);
            if (descriptors == 0 || descriptors > size - foundDescriptors) {
                throw fault("has a chain of %d descriptors at entry %d, where %d are left of a ring of %d"
                        .formatted(descriptors, head, size - foundDescriptors, size));
            }
            copiesFrom[i] = foundDescriptors;
            num[head] = (char) descriptors;
            last[head] = (char) copyChain(head, descriptors, state);
            int theirs = region.u16(entry(head) + LAST);
            if (theirs != last[head]) {
                throw fault("has a chain at entry %d that ends with entry %d, not %d"
                        .formatted(head, last[head] & 0xffff, theirs));
            }
        }
        for (int i = 0; i < entries; i++) {
            if (state[i] == UNKNOWN) {
                throw fault("has entry %d neither in its list of free entries nor in a chain".formatted(i));
            }
        }
    }

    private int copyChain(int head, int descriptors, byte[] state) {
        int at = head;
        for (int left = descriptors; ; left--) {
            if (at >= entries || state[at] != UNKNOWN) {
                throw fault("has a chain at entry %d that leads to entry %d, which is %s"
                        .formatted(head, at, at >= entries ? "after the last" : "free or in another chain"));
            }
            state[at] = TAKEN;
            long idFlagsLen = region.getLong(entry(at) + ID_FLAGS_LEN);
            // The entries determine the chain's length.
            int flags = (int) (idFlagsLen >>> 16) & ~PackedLayout.MARKS & ~PackedLayout.NEXT & 0xffff;
            flags |= left == 1 ? PackedLayout.AVAILABLE : PackedLayout.AVAILABLE | PackedLayout.NEXT;
            long to = (long) PackedLayout.SIZE * foundDescriptors;
            PackedLayout.ADDR.set(copies, to, region.getLong(entry(at) + ADDR));
            PackedLayout.LEN_ID_FLAGS.set(
                    copies, to, idFlagsLen >>> 32 | (idFlagsLen & 0xffff) << 32 | (long) flags << 48);
            foundDescriptors++;
            if (left == 1) {
                return at;
            }
            at = next[at];
        }
    }

    /**
     * Clears the used descriptors of an unpublished burst, whose first one was to be written last. The driver has not
     * read them, because it reads the first one before. If they stayed, a shorter burst would publish them.
     */
    private void hideUsed() {
        int index = used & ~PackedLayout.WRAP;
        int available = availableMarks(used);
        for (int i = 0; i < foundDescriptors; i++) {
            int flags = ringFlags(index);
            int usedMarks = available == PackedLayout.AVAILABLE ? PackedLayout.USED : 0;
            if ((flags & PackedLayout.MARKS) == usedMarks) {
                PackedLayout.FLAGS.set(parts.descriptors(), (long) PackedLayout.SIZE * index, (short)
                        ((flags & ~PackedLayout.MARKS) | available));
            }
            index++;
            if (index == size) {
                index = 0;
                available ^= PackedLayout.MARKS;
            }
        }
        ordered();
    }

    @Override
    RingVirtqueue ring() {
        PackedVirtqueue ring = new PackedVirtqueue(
                name, size, parts, memory, (used << 16) | used, features, QueueProgress.temporary());
        ring.passPopped(foundDescriptors);
        return ring;
    }

    @Override
    void read(int which, Chain chain) {
        int from = copiesFrom[which];
        int flags = (short) PackedLayout.FLAGS.get(copies, (long) PackedLayout.SIZE * from) & 0xffff;
        int unused = reader.read(from, flags, chain);
    }

    @Override
    int id(int which) {
        int head = found[which];
        int lastCopy = copiesFrom[which] + num[head] - 1;
        int id = (short) PackedLayout.ID.get(copies, (long) PackedLayout.SIZE * lastCopy) & 0xffff;
        return id | num[head] << 16;
    }

    @Override
    int take(int id, int index) {
        int descriptors = id >>> 16;
        if (descriptors > free) {
            throw new RingFault("%s: a chain of %d descriptors is made available while %d are in flight"
                    .formatted(name, descriptors, entries - free));
        }
        int head = freeHead;
        int at = head;
        int from = index;
        int end = head;
        for (int i = 0; i < descriptors; i++) {
            copy(from, at);
            from = from + 1 == size ? 0 : from + 1;
            end = at;
            at = next[at];
        }
        last[head] = (char) end;
        num[head] = (char) descriptors;
        free -= descriptors;
        region.putLong(entry(head) + COUNTER, counter);
        counter++;
        ordered();
        region.putLong(entry(head), 1 | (long) next[head] << 16 | (long) end << 32 | (long) descriptors << 48);
        ordered();
        // Until this store the entries are free, regardless of their contents.
        freeHead = at;
        storeHeads();
        ordered();
        return head;
    }

    /** Copies a descriptor of the ring. */
    private void copy(int index, int to) {
        long from = (long) PackedLayout.SIZE * index;
        long lenIdFlags = (long) PackedLayout.LEN_ID_FLAGS.get(parts.descriptors(), from);
        region.putLong(entry(to) + ADDR, (long) PackedLayout.ADDR.get(parts.descriptors(), from));
        region.putLong(entry(to) + ID_FLAGS_LEN, lenIdFlags >>> 32 | lenIdFlags << 32);
    }

    @Override
    void release(int entry) {
        free(entry);
        ordered();
        storeHeads();
        ordered();
        clear(entry);
        ordered();
    }

    /** Inserts the entries of a chain at the head of the list of free entries. */
    private void free(int entry) {
        int end = last[entry];
        next[end] = (char) freeHead;
        region.put16(entry(end) + NEXT, freeHead);
        freeHead = entry;
        free += num[entry];
    }

    @Override
    void use(int entry) {
        free(entry);
        ordered();
        region.put16(HEADS, freeHead);
        batch += num[entry];
    }

    @Override
    void publishing() {
        int old = used;
        int index = (used & ~PackedLayout.WRAP) + batch;
        used = index >= size ? (index - size) | (~used & PackedLayout.WRAP) : index | (used & PackedLayout.WRAP);
        batch = 0;
        ordered();
        storePositions(old);
        ordered();
    }

    @Override
    void clear(int entry) {
        region.put8(entry(entry), 0);
    }

    @Override
    void published() {
        ordered();
        storeHeads();
        ordered();
        storePositions(used);
        ordered();
    }
}
