// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MappedFile;
import org.vhost4j.sys.MemFd;
import org.vhost4j.vhostuser.wire.Request;

/**
 * The dirty log of a migration (vhost-user protocol, "Migration"): a bit for each page of 4 KiB of guest-physical memory, which the
 * back-end sets when it has written to the page.
 *
 * <p>The log may be read at any time; {@link #clear} clears bits as a front-end does when it sends the pages.
 */
public final class DirtyLog implements AutoCloseable {
    /** The size of a page of the log in bytes, regardless of the host's page size. */
    public static final long PAGE = 4096;

    private static final int PAGES_PER_BYTE = 8;
    private static final int DESCRIPTION_BYTES = 16;
    private static final int HOST_PAGE = 4096;
    private static final VarHandle LONGS = ValueLayout.JAVA_LONG.varHandle();

    private final Fd file;
    private final MappedFile mapping;
    private final MemorySegment bits;
    private final EventFd written = EventFd.create();

    private DirtyLog(Fd file, long bytes) {
        this.file = file;
        this.mapping = MappedFile.map(file, 0, bytes, "the log of written pages");
        this.bits = mapping.segment();
    }

    /**
     * Creates an empty log.
     *
     * @param guestEnd the guest-physical address after the last byte of the guest's memory
     * @return a log that covers every address below it
     */
    public static DirtyLog create(long guestEnd) {
        long bytes = Math.ceilDiv(Math.ceilDiv(guestEnd, PAGE), PAGES_PER_BYTE);
        return ofBytes((bytes + HOST_PAGE - 1) & -HOST_PAGE);
    }

    /**
     * Creates an empty log of any size, which may be too small for the guest.
     *
     * @param size the number of bytes of the log, at least 1; each bit covers a page
     * @return a log that covers the corresponding number of pages from address 0
     */
    public static DirtyLog ofBytes(long size) {
        Fd file = MemFd.create("vhost4j-log", size);
        try {
            return new DirtyLog(file, size);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /**
     * Sends SET_LOG_BASE with the log's descriptor. The protocol defines no payload for the reply, and QEMU accepts any: DPDK sends none,
     * libvhost-user a number, and rust-vmm's crate the description that it has received.
     *
     * @param frontEnd a connection on which LOG_SHMFD was acknowledged
     * @throws FrontEndException.Refused when it answered with a number other than 0 or the size of the log
     */
    public void setBase(FrontEnd frontEnd) {
        byte[] payload = RawMessage.buffer(DESCRIPTION_BYTES)
                .putLong(bits.byteSize())
                .putLong(0)
                .array();
        try (RawMessage reply = frontEnd.request(Request.SET_LOG_BASE, payload, file)) {
            ByteBuffer answer = reply.payload();
            boolean repeated = answer.remaining() == DESCRIPTION_BYTES && answer.equals(ByteBuffer.wrap(payload));
            if (answer.remaining() != 0 && answer.remaining() != Long.BYTES && !repeated) {
                throw new FrontEndException("SET_LOG_BASE was answered with " + answer.remaining() + " bytes");
            }
            if (answer.remaining() == Long.BYTES) {
                long result = answer.getLong();
                if (result != 0 && result != bits.byteSize()) {
                    throw new FrontEndException.Refused("SET_LOG_BASE was refused with " + result);
                }
            }
        }
    }

    /**
     * Sends SET_LOG_FD with a descriptor that the back-end may signal when it has written to the log.
     *
     * @param frontEnd the connection
     */
    public void setFd(FrontEnd frontEnd) {
        frontEnd.tell(Request.SET_LOG_FD, FrontEndConnection.NOTHING, written.fd());
    }

    /**
     * Starts logging as a migration does: sends SET_LOG_BASE, SET_FEATURES with LOG_ALL, and the addresses of every queue again, with the
     * flag that enables logging of writes to the used ring. The queues keep running.
     *
     * @param driver a driver that negotiated LOG_SHMFD, with a back-end that offers LOG_ALL
     */
    public void begin(NetDriver driver) {
        setBase(driver.frontEnd());
        driver.frontEnd().setFeatures(driver.features() | Feature.LOG_ALL.mask());
        driver.queues().forEach(queue -> queue.setAddress(driver.frontEnd(), true));
    }

    /**
     * Stops logging: sends SET_FEATURES without LOG_ALL, and the addresses of every queue without the flag.
     *
     * @param driver as for {@link #begin}
     */
    public void end(NetDriver driver) {
        driver.queues().forEach(queue -> queue.setAddress(driver.frontEnd(), false));
        driver.frontEnd().setFeatures(driver.features() & ~Feature.LOG_ALL.mask());
    }

    /**
     * Returns whether a page is marked as dirty.
     *
     * @param guestAddress the guest-physical address of any byte of the page
     * @return true when its bit is set
     */
    public boolean marked(long guestAddress) {
        long page = guestAddress / PAGE;
        VarHandle.acquireFence();
        return (bits.get(ValueLayout.JAVA_BYTE, page / PAGES_PER_BYTE) >>> (page % PAGES_PER_BYTE) & 1) != 0;
    }

    /**
     * Returns every page that is marked as dirty.
     *
     * @return the guest-physical addresses of the pages' first bytes, in ascending order
     */
    public List<Long> pages() {
        List<Long> pages = new ArrayList<>();
        for (long at = 0; at < bits.byteSize(); at += Long.BYTES) {
            long word = (long) LONGS.getAcquire(bits, at);
            // The machine is little-endian, so the bits of a 64-bit word are in the order of the pages.
            for (; word != 0; word &= word - 1) {
                pages.add((at * PAGES_PER_BYTE + Long.numberOfTrailingZeros(word)) * PAGE);
            }
        }
        return pages;
    }

    /**
     * Returns the pages of a range that are not marked as dirty.
     *
     * @param guestAddress the guest-physical address of the first byte of the range
     * @param bytes the number of bytes
     * @return the guest-physical addresses of the pages' first bytes; empty when all pages of the range are marked
     */
    public List<Long> unmarked(long guestAddress, long bytes) {
        List<Long> pages = new ArrayList<>();
        for (long page = guestAddress & -PAGE; page < guestAddress + bytes; page += PAGE) {
            if (!marked(page)) {
                pages.add(page);
            }
        }
        return pages;
    }

    /**
     * Returns the pages that the device wrote, as far as the driver can determine, and did not mark: receive buffers of
     * received frames, and the index and last element of each used ring (the last descriptor of a packed ring).
     *
     * @param driver a driver that recorded the device's writes; see {@link NetDriver#recordWrites}
     * @return the guest-physical addresses of pages that a migration would lose; empty when the log is complete
     */
    public List<Long> lost(NetDriver driver) {
        List<Long> lost = new ArrayList<>();
        Ram ram = driver.ram();
        for (DeviceWrite each : driver.writes()) {
            // Behind an IOMMU the driver's addresses are I/O virtual, but the log is by guest-physical addresses.
            boolean here = ram.memory().contains(each.address(), each.bytes());
            lost.addAll(unmarked(here ? ram.toGuest(each.address()) : each.address(), each.bytes()));
        }
        return lost.stream().distinct().sorted().toList();
    }

    /** Clears all marks, a 64-bit word at a time and atomically, so that marks that are set meanwhile are not lost. */
    public void clear() {
        take(page -> {});
    }

    /**
     * Fetches and clears all marks, as a front-end does before it transmits the pages. A page must be read after its mark was cleared.
     *
     * @param page receives the guest-physical address of each marked page, ascending
     */
    public void take(LongConsumer page) {
        for (long at = 0; at < bits.byteSize(); at += Long.BYTES) {
            // Most words have no mark, and an exchange would invalidate the cache line of the thread that sets marks.
            if ((long) LONGS.getOpaque(bits, at) != 0) {
                long word = (long) LONGS.getAndSet(bits, at, 0L);
                for (; word != 0; word &= word - 1) {
                    page.accept((at * PAGES_PER_BYTE + Long.numberOfTrailingZeros(word)) * PAGE);
                }
            }
        }
    }

    /**
     * Truncates the file of the log, to test a hostile front-end. After this call the log must not be read.
     *
     * @param size the new size in bytes, 0 or more
     */
    public void truncate(long size) {
        MemFd.resize(file, size);
    }

    /**
     * Returns the number of times that the back-end has signalled a write to the log.
     *
     * @return the number of signals since the previous call; a back-end need not signal at all
     */
    public long signals() {
        return written.drain();
    }

    @Override
    public void close() {
        written.close();
        mapping.close();
        file.close();
    }
}
