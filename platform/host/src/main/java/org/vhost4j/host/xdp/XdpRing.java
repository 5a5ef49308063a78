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
 * One of the four rings that an AF_XDP socket shares with the kernel: an array of entries, a producer index and a consumer index; both only
 * grow, modulo 2^32. This process is the producer of {@link Kind#FILL} and {@link Kind#TX}, and the consumer of the other two; the kernel
 * has the opposite roles. Each side writes only its own index.
 */
final class XdpRing {
    /**
     * The kind of a ring, with its socket option, its offset for mmap, its index in struct xdp_mmap_offsets, and the
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

    /** Flag in an entry's options: the frame continues in the next entry. */
    static final int CONTINUED = 1;

    private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle().withInvokeExactBehavior();
    private static final int SOL_XDP = 283;
    /** struct xdp_ring_offset: producer, consumer, desc, flags, 8 bytes each. */
    private static final int OFFSETS_BYTES = 32;
    /** Bit in the ring's flags: the kernel processes the ring only after a system call. */
    private static final int NEED_WAKEUP = 1;

    private final MemorySegment memory;
    private final long producerAt;
    private final long consumerAt;
    private final long entriesAt;
    private final long flagsAt;
    private final int entryBytes;
    private final int size;

    /** This side's index, which the kernel sees after {@link #publish}. */
    private int own;

    /** The kernel's index, as it was read last. */
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

    /** Creates a ring with a number of entries, a power of 2; call {@link #map} after all rings of the socket were created. */
    static void make(Fd socket, Kind kind, int size) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocateFrom(ValueLayout.JAVA_INT, size);
            SystemError.check(
                    LibC.setsockopt(socket.number(), SOL_XDP, kind.option, value.address(), Integer.BYTES),
                    "cannot create a ring of an AF_XDP socket");
        }
    }

    /** Maps a ring that was created; {@code offsets} is the socket's struct xdp_mmap_offsets. */
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
     * Returns the number of entries that can be written or read now. Reads the kernel's index only if the last known value leaves fewer
     * than {@code wanted}.
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

    /** Returns the address of an entry, counted from the next one to write or read. */
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

    /** Moves past entries that were read. */
    void advance(int entries) {
        own += entries;
    }

    /** Publishes this side's index: makes written entries visible to the kernel, or returns read entries. */
    void publish() {
        INT.setRelease(memory, produces ? producerAt : consumerAt, own);
    }

    /** Returns the number of published entries that the kernel has not processed. */
    int outstanding() {
        return own - (int) INT.getAcquire(memory, consumerAt);
    }

    /** Returns whether the kernel processes entries only after a system call (XDP_RING_NEED_WAKEUP). */
    boolean needsWakeup() {
        // Must be read after the index was published.
        VarHandle.fullFence();
        return ((int) INT.getVolatile(memory, flagsAt) & NEED_WAKEUP) != 0;
    }

    void unmap() {
        int unused = LibC.munmap(memory.address(), memory.byteSize());
    }
}
