// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.MemFd;
import org.vhost4j.sys.UserFaults;
import org.vhost4j.vhostuser.wire.MemoryRegion;
import org.vhost4j.vhostuser.wire.MemoryRegions;
import org.vhost4j.vhostuser.wire.MessageHeader;
import org.vhost4j.vhostuser.wire.Request;

/**
 * The destination side of a postcopy migration (vhost-user protocol, "POSTCOPY_ADVISE" and the messages after it). The guest runs while its
 * memory is still being transferred, and a page that the back-end accesses is fetched on demand.
 *
 * <p>Call in this order: {@link #advise}, {@link #listen}, {@link #withhold} for memory that arrives later, {@link #share} instead of
 * {@link GuestRam#share}, {@link #end}. A thread of this object serves the back-end's page faults from the copy that {@code withhold} made.
 * The driver must not access withheld memory before its page has been placed.
 */
public final class Postcopy implements AutoCloseable {
    /** The size of a page in bytes. */
    public static final int PAGE = 4096;

    private final FrontEnd frontEnd;
    private final UserFaults faults;
    private final EventFd stop = EventFd.create();
    private final List<Withheld> withheld = new ArrayList<>();
    private final List<Mapping> mappings = new ArrayList<>();

    // Closed by close(), while the serving thread may read from it.
    @SuppressWarnings("MustBeClosedChecker")
    private final Arena arena = Arena.ofShared();

    private final MemorySegment zeroes = arena.allocate(PAGE, PAGE);
    private @Nullable Thread server;
    private volatile @Nullable RuntimeException broken;
    private long served;

    /** Memory that has not arrived yet: a copy of its contents, and the pages that have arrived. */
    private record Withheld(Ram ram, long from, MemorySegment copy, BitSet placed) {}

    /** The address at which the back-end has mapped a region. */
    private record Mapping(Ram ram, long address) {}

    private Postcopy(FrontEnd frontEnd, Fd faults) {
        this.frontEnd = frontEnd;
        this.faults = new UserFaults(faults);
    }

    /**
     * Sends POSTCOPY_ADVISE.
     *
     * @param frontEnd a connection on which PAGEFAULT was acknowledged, and which has no memory table yet
     * @return the postcopy session
     * @throws FrontEndException when the back-end does not return a userfaultfd
     */
    public static Postcopy advise(FrontEnd frontEnd) {
        try (RawMessage reply = frontEnd.request(Request.POSTCOPY_ADVISE, FrontEndConnection.NOTHING)) {
            if (reply.descriptors().size() != 1) {
                throw new FrontEndException("POSTCOPY_ADVISE was answered with "
                        + reply.descriptors().size() + " descriptors");
            }
            return new Postcopy(frontEnd, reply.descriptors().getFirst().duplicate());
        }
    }

    /** Sends POSTCOPY_LISTEN: the front-end now serves the back-end's page faults. */
    public void listen() {
        frontEnd.tell(Request.POSTCOPY_LISTEN, FrontEndConnection.NOTHING);
    }

    /**
     * Marks memory as not arrived yet: keeps a copy of its contents, to place them when the back-end accesses them.
     *
     * @param ram the region, which will be shared
     * @param from the offset of the first byte in the region, a multiple of {@link #PAGE}
     * @param bytes the number of bytes, a multiple of {@link #PAGE}
     */
    public void withhold(Ram ram, long from, long bytes) {
        MemorySegment copy = arena.allocate(bytes, PAGE);
        copy.copyFrom(ram.memory().segment().asSlice(from, bytes));
        MemFd.punch(ram.file(), ram.fileOffset() + from, bytes);
        withheld.add(new Withheld(ram, from, copy, new BitSet()));
    }

    /**
     * Sends SET_MEM_TABLE as in postcopy: the back-end answers with the addresses at which it mapped the regions, waits
     * for the acknowledgement, and may access the memory then. The thread that serves its page faults starts here.
     *
     * @param regions 1 to 8 regions
     */
    public void share(List<Ram> regions) {
        byte[] table = FrontEnd.bytes(
                new MemoryRegions(regions.stream().map(FrontEnd::region).toList()).toPayload());
        Fd[] files = regions.stream().map(Ram::file).toArray(Fd[]::new);
        try (RawMessage reply = frontEnd.request(Request.SET_MEM_TABLE, table, files)) {
            ByteBuffer payload = reply.payload();
            int least = MemoryRegions.HEADER_BYTES + regions.size() * MemoryRegion.BYTES;
            if (payload.remaining() < least || payload.getInt(0) != regions.size()) {
                throw new FrontEndException("SET_MEM_TABLE of " + regions.size() + " regions was answered with "
                        + payload.remaining() + " bytes");
            }
            byte[] bytes = new byte[payload.remaining()];
            payload.get(bytes);
            for (int i = 0; i < regions.size(); i++) {
                MemoryRegion theirs = MemoryRegion.read(
                        MemorySegment.ofArray(bytes), MemoryRegions.HEADER_BYTES + (long) i * MemoryRegion.BYTES);
                mappings.add(new Mapping(regions.get(i), theirs.userAddress()));
            }
        }
        server = Thread.ofPlatform().daemon().name("postcopy").start(this::serve);
        // The protocol defines this message without a payload. QEMU sends a payload of 0, which libvhost-user requires.
        frontEnd.sendRaw(
                RawMessage.encode(Request.SET_MEM_TABLE.code(), MessageHeader.VERSION, FrontEnd.u64(0)), List.of());
    }

    private void serve() {
        try {
            while (awaitFault()) {
                for (long at = faults.next(); at != UserFaults.NONE; at = faults.next()) {
                    place(at);
                }
            }
        } catch (RuntimeException e) {
            broken = e;
        }
    }

    /** Waits for a fault; returns false at the end. */
    private boolean awaitFault() {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment entries = local.allocate(16, Integer.BYTES);
            entries.set(ValueLayout.JAVA_INT, 0, faults.fd().number());
            entries.set(ValueLayout.JAVA_SHORT, 4, (short) LibC.POLLIN);
            entries.set(ValueLayout.JAVA_INT, 8, stop.fd().number());
            entries.set(ValueLayout.JAVA_SHORT, 12, (short) LibC.POLLIN);
            int ready = LibC.poll(entries.address(), 2, -1);
            boolean hungUp = (entries.get(ValueLayout.JAVA_SHORT, 6) & ~LibC.POLLIN) != 0;
            return ready < 0 || (entries.get(ValueLayout.JAVA_SHORT, 14) == 0 && !hungUp);
        }
    }

    private synchronized void place(long theirAddress) {
        for (Mapping mapping : mappings) {
            long offset = (theirAddress & -PAGE) - mapping.address();
            if (offset >= 0 && offset < mapping.ram().bytes()) {
                served++;
                placePage(mapping, offset);
                return;
            }
        }
        throw new FrontEndException("the back-end faults at 0x%x, where it has no region".formatted(theirAddress));
    }

    private void placePage(Mapping mapping, long offset) {
        for (Withheld each : withheld) {
            long inside = offset - each.from();
            if (each.ram() == mapping.ram()
                    && inside >= 0
                    && inside < each.copy().byteSize()) {
                each.placed().set((int) (inside / PAGE));
                faults.place(mapping.address() + offset, each.copy().asSlice(inside, PAGE));
                return;
            }
        }
        faults.place(mapping.address() + offset, zeroes);
    }

    /**
     * Returns the number of page faults of the back-end that were served.
     *
     * @return the number since {@link #share}
     * @throws RuntimeException when serving failed
     */
    public synchronized long served() {
        RuntimeException failure = broken;
        if (failure != null) {
            throw failure;
        }
        return served;
    }

    /**
     * Places all memory that has not arrived, and ends postcopy with POSTCOPY_END.
     *
     * @throws FrontEndException when the back-end answers with a value other than 0
     */
    public void end() {
        placeRest();
        served();
        // Pages that were never written are not placed: a back-end that touches one is served until it has ended.
        long result = frontEnd.askU64(Request.POSTCOPY_END);
        stopServing();
        if (result != 0) {
            throw new FrontEndException.Refused("POSTCOPY_END was refused with " + result);
        }
    }

    private synchronized void placeRest() {
        for (Withheld each : withheld) {
            for (Mapping mapping : mappings) {
                if (mapping.ram() == each.ram()) {
                    int pages = (int) (each.copy().byteSize() / PAGE);
                    for (int page = each.placed().nextClearBit(0);
                            page < pages;
                            page = each.placed().nextClearBit(page)) {
                        placePage(mapping, each.from() + (long) page * PAGE);
                    }
                }
            }
        }
    }

    private void stopServing() {
        Thread thread = server;
        if (thread == null) {
            return;
        }
        stop.signal();
        try {
            if (!thread.join(Duration.ofSeconds(10))) {
                throw new IllegalStateException("the thread that serves page faults does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        server = null;
    }

    @Override
    public void close() {
        try {
            stopServing();
        } finally {
            faults.close();
            stop.close();
            arena.close();
        }
    }
}
