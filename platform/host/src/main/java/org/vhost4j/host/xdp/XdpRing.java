// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.xdp;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;

/**
 * One of the four rings that an AF_XDP socket shares with the kernel: entries, and two indexes that only grow. We write the producer's of
 * {@link Kind#FILL} and {@link Kind#TX}, the kernel that of the others, and each the consumer's where the other produces.
 */
final class XdpRing {
    /**
     * The kind of a ring, with its socket option, its offset for mmap, its place in struct xdp_mmap_offsets, and the
     * size of an entry.
     */
    enum Kind {
        /** Chunks that the kernel may fill. */
        FILL(5, 0x1_0000_0000L, 2, 8),
        /** Chunks that the kernel has sent. */
        COMPLETION(6, 0x1_8000_0000L, 3, 8),
        /** Received frames. */
        RX(2, 0, 0, 16),
        /** Frames to send. */
        TX(3, 0x8000_0000L, 1, 16);

        private final int option;
        private final long page;
        private final int place;
        private final int entryBytes;

        Kind(int option, long page, int place, int entryBytes) {
            this.option = option;
            this.page = page;
            this.place = place;
            this.entryBytes = entryBytes;
        }
    }

    /** options of an entry: the frame has more buffers, in the next entries. */
    static final int CONTINUED = 1;

    private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle().withInvokeExactBehavior();
    private static final int SOL_XDP = 283;
    /** struct xdp_ring_offset: producer, consumer, desc, flags, 8 bytes each. */
    private static final int OFFSETS_BYTES = 32;
    /** flags: the kernel waits for a call. */
    private static final int NEED_WAKEUP = 1;

    private final MemorySegment memory;
    private final long producerAt;
    private final long consumerAt;
    private final long entriesAt;
    private final long flagsAt;
    private final int entryBytes;
    private final int size;

    /** Our own index, which the kernel sees after {@link #publish}. */
    private int own;

    /** The kernel's index, as it was seen last. */
    private int theirs;

    private final boolean produces;

    private XdpRing(Kind kind, MemorySegment memory, MemorySegment offsets, int size) {
        long at = (long) kind.place * OFFSETS_BYTES;
        this.memory = memory;
        this.producerAt = offsets.get(ValueLayout.JAVA_LONG, at);
        this.consumerAt = offsets.get(ValueLayout.JAVA_LONG, at + 8);
        this.entriesAt = offsets.get(ValueLayout.JAVA_LONG, at + 16);
        this.flagsAt = offsets.get(ValueLayout.JAVA_LONG, at + 24);
        this.entryBytes = kind.entryBytes;
        this.size = size;
        this.produces = kind == Kind.FILL || kind == Kind.TX;
    }

    /** Makes the kernel make a ring of so many entries, a power of 2; {@link #map} follows when all rings are made. */
    static void make(Fd socket, Kind kind, int size) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocateFrom(ValueLayout.JAVA_INT, size);
            SystemError.check(
                    LibC.setsockopt(socket.number(), SOL_XDP, kind.option, value.address(), Integer.BYTES),
                    "cannot have a ring of an AF_XDP socket");
        }
    }

    /** Maps a ring that was made; {@code offsets} is the socket's struct xdp_mmap_offsets. */
    static XdpRing map(Fd socket, Kind kind, int size, MemorySegment offsets) {
        long bytes = offsets.get(ValueLayout.JAVA_LONG, (long) kind.place * OFFSETS_BYTES + 16)
                + (long) size * kind.entryBytes;
        long address = LibC.mmap(
                bytes,
                LibC.PROT_READ | LibC.PROT_WRITE,
                LibC.MAP_SHARED | LibC.MAP_POPULATE,
                socket.number(),
                kind.page);
        if (address < 0) {
            throw new SystemError("cannot map a ring of an AF_XDP socket", (int) -address);
        }
        return new XdpRing(kind, MemorySegment.ofAddress(address).reinterpret(bytes), offsets, size);
    }

    /**
     * Returns the number of entries that can be written or read at once from now on; reads the kernel's index only when
     * there seem to be too few.
     */
    int ready(int wanted) {
        int seen = seen();
        if (seen < wanted) {
            theirs = (int) INT.getAcquire(memory, produces ? consumerAt : producerAt);
            seen = seen();
        }
        return seen;
    }

    private int seen() {
        return produces ? size - (own - theirs) : theirs - own;
    }

    /** Where an entry is, counted from the next one that is ours to write or read. */
    private long entry(int ahead) {
        return entriesAt + (long) ((own + ahead) & (size - 1)) * entryBytes;
    }

    /** Writes the next entry of {@link Kind#FILL}. */
    void put(long chunk) {
        memory.set(ValueLayout.JAVA_LONG, entry(0), chunk);
        own++;
    }

    /** Writes the next entry of {@link Kind#TX}. */
    void put(long chunk, int length, int options) {
        long at = entry(0);
        memory.set(ValueLayout.JAVA_LONG, at, chunk);
        memory.set(ValueLayout.JAVA_INT, at + 8, length);
        memory.set(ValueLayout.JAVA_INT, at + 12, options);
        own++;
    }

    long address(int ahead) {
        return memory.get(ValueLayout.JAVA_LONG, entry(ahead));
    }

    int length(int ahead) {
        return memory.get(ValueLayout.JAVA_INT, entry(ahead) + 8);
    }

    int options(int ahead) {
        return memory.get(ValueLayout.JAVA_INT, entry(ahead) + 12);
    }

    /** Goes past entries that were read. */
    void advance(int entries) {
        own += entries;
    }

    /** Lets the kernel see what was written, or have back what was read. */
    void publish() {
        INT.setRelease(memory, produces ? producerAt : consumerAt, own);
    }

    /** Entries that we have published and the kernel has not processed. */
    int outstanding() {
        return own - (int) INT.getAcquire(memory, consumerAt);
    }

    /** Returns whether the kernel processes entries only when it is called. */
    boolean needsWakeup() {
        // After the index is published, and not before.
        VarHandle.fullFence();
        return ((int) INT.getVolatile(memory, flagsAt) & NEED_WAKEUP) != 0;
    }

    void unmap() {
        int unused = LibC.munmap(memory.address(), memory.byteSize());
    }
}
