// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.xdp;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.HotCalls;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;

/**
 * An AF_XDP socket on one queue of an interface, with its memory (UMEM), rings and XDP program. One half of the UMEM is for sending, the
 * other half for receiving: each has {@value #FRAMES} chunks of {@value #CHUNK} bytes. The memory is pinned while the socket is open.
 */
public final class XdpSocket implements AutoCloseable {
    /** The size of a chunk of memory in bytes: a page, which is the maximum that every kernel accepts. */
    static final int CHUNK = 4096;
    /** Entries of each ring, and chunks of each direction. */
    static final int FRAMES = 2048;

    /** Number of unused bytes before a received frame in its chunk (XDP_PACKET_HEADROOM). */
    private static final int HEADROOM = 256;
    /** Length in bytes of an Ethernet header with two VLAN tags. */
    private static final int LONGEST_HEADER = Frame.ETHERNET_HEADER + 8;
    /** Maximum length in bytes of a packet that is received in one chunk. */
    static final int ONE_CHUNK_MTU = CHUNK - HEADROOM - LONGEST_HEADER;

    private static final int SOL_XDP = 283;
    private static final int XDP_MMAP_OFFSETS = 1;
    private static final int XDP_UMEM_REG = 4;
    private static final int XDP_STATISTICS = 7;
    private static final int XDP_OPTIONS = 8;
    private static final int XDP_OPTIONS_ZEROCOPY = 1;
    private static final int OFFSETS_BYTES = 128;
    private static final int UMEM_REG_BYTES = 32;
    private static final int SO_SNDBUFFORCE = 32;

    // sxdp_flags of struct sockaddr_xdp.
    private static final int XDP_COPY = 1 << 1;
    private static final int XDP_ZEROCOPY = 1 << 2;
    private static final int XDP_USE_NEED_WAKEUP = 1 << 3;
    private static final int XDP_USE_SG = 1 << 4;
    private static final int ADDRESS_BYTES = 16;

    private static final int MESSAGE_BYTES = 56;

    final XdpRing fill;
    final XdpRing completion;
    final XdpRing rx;
    final XdpRing tx;

    private final Fd fd;
    private final XdpInterface on;
    private final XdpProgram program;
    private final MemorySegment memory;
    private final List<XdpRing> rings = new ArrayList<>();
    private final int queue;
    private final boolean multiBuffer;
    private final String notes;

    private final MemorySegment errno = Arena.ofAuto().allocate(HotCalls.ERRNO);
    private final MemorySegment nothing = Arena.ofAuto().allocate(MESSAGE_BYTES, Long.BYTES);

    /** Creates a socket. It owns the interface and the program from now on, also when this throws. */
    private XdpSocket(
            Fd fd, XdpInterface on, XdpProgram program, int queue, XdpMode mode, boolean driver, boolean multiBuffer) {
        this.fd = fd;
        this.on = on;
        this.program = program;
        this.queue = queue;
        this.multiBuffer = multiBuffer;
        this.memory = register();
        List<XdpRing.Kind> kinds =
                List.of(XdpRing.Kind.FILL, XdpRing.Kind.COMPLETION, XdpRing.Kind.RX, XdpRing.Kind.TX);
        kinds.forEach(kind -> XdpRing.make(fd, kind, FRAMES));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment offsets = arena.allocate(OFFSETS_BYTES, Long.BYTES);
            get(XDP_MMAP_OFFSETS, offsets, "cannot find the rings of an AF_XDP socket");
            kinds.forEach(kind -> rings.add(XdpRing.map(fd, kind, FRAMES, offsets)));
        } catch (SystemError e) {
            rings.forEach(XdpRing::unmap);
            throw e;
        }
        fill = rings.get(0);
        completion = rings.get(1);
        rx = rings.get(2);
        tx = rings.get(3);
        try {
            for (int i = 0; i < FRAMES; i++) {
                fill.put((long) (FRAMES + i) * CHUNK);
            }
            fill.publish();
            bind(mode);
            program.redirect(queue, fd);
            notes = notes(driver);
        } catch (SystemError e) {
            rings.forEach(XdpRing::unmap);
            throw e;
        }
    }

    /**
     * Opens a socket on an interface of the calling thread's network namespace.
     *
     * @param ifname the interface's name, 1 to 15 bytes
     * @param queue the queue's number, from 0
     * @param mode copy or zero-copy mode
     * @return the socket, which is non-blocking
     * @throws SystemError when it cannot be opened; the message is one sentence that names the cause
     */
    public static XdpSocket open(String ifname, int queue, XdpMode mode) {
        int opened = LibC.socket(LibC.AF_XDP, LibC.SOCK_RAW | LibC.SOCK_NONBLOCK | LibC.SOCK_CLOEXEC, 0);
        String attempt = "cannot open an AF_XDP socket";
        if (opened == -Errno.EPERM) {
            throw SystemError.explained(attempt + ": not permitted; it needs CAP_NET_RAW", Errno.EPERM);
        }
        if (opened == -Errno.EAFNOSUPPORT) {
            throw SystemError.explained(
                    attempt + ": this kernel has none (CONFIG_XDP_SOCKETS, Linux 4.18)", Errno.EAFNOSUPPORT);
        }
        List<AutoCloseable> parts = new ArrayList<>();
        Fd fd = Fd.of(opened, attempt);
        parts.add(fd);
        try {
            XdpInterface on = XdpInterface.open(ifname);
            parts.add(on);
            int queues = on.queues();
            if (queues != 0 && queue >= queues) {
                throw SystemError.explained(
                        "interface " + ifname + " has no queue " + queue + ", but "
                                + (queues == 1 ? "queue 0 only" : "0 to " + (queues - 1)),
                        Errno.EINVAL);
            }
            if (!on.isUp()) {
                // Checked early, because bind(2) would fail only after memory is pinned and a program is attached.
                throw isDown(on);
            }
            boolean multiBuffer = on.mtu() > ONE_CHUNK_MTU;
            XdpProgram program = load(on, queue, multiBuffer);
            parts.add(program);
            boolean driver = program.attach(on, mode == XdpMode.ZEROCOPY);
            return new XdpSocket(fd, on, program, queue, mode, driver, multiBuffer);
        } catch (SystemError e) {
            close(parts);
            throw e;
        }
    }

    private static void close(List<AutoCloseable> parts) {
        for (AutoCloseable part : parts.reversed()) {
            try {
                part.close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static XdpProgram load(XdpInterface on, int queue, boolean multiBuffer) {
        try {
            return XdpProgram.load(queue, multiBuffer);
        } catch (SystemError e) {
            throw multiBuffer && e.errno() == Errno.EINVAL ? mtuTooLarge(on) : e;
        }
    }

    private static SystemError isDown(XdpInterface on) {
        return SystemError.explained("interface " + on.name() + " is down: set it up first", Errno.ENETDOWN);
    }

    private static SystemError mtuTooLarge(XdpInterface on) {
        return SystemError.explained(
                "the MTU of " + on.name() + ", " + on.mtu() + ", is too large: the kernel or driver has no AF_XDP with "
                        + "several buffers a frame (Linux 6.6), and one takes " + ONE_CHUNK_MTU,
                Errno.EMSGSIZE);
    }

    private MemorySegment register() {
        long bytes = 2L * FRAMES * CHUNK;
        MemorySegment area = Arena.ofAuto().allocate(bytes, CHUNK);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(UMEM_REG_BYTES, Long.BYTES);
            request.set(ValueLayout.JAVA_LONG, 0, area.address());
            request.set(ValueLayout.JAVA_LONG, 8, bytes);
            request.set(ValueLayout.JAVA_INT, 16, CHUNK);
            int result =
                    LibC.setsockopt(fd.number(), SOL_XDP, XDP_UMEM_REG, request.address(), (int) request.byteSize());
            if (result == -Errno.ENOBUFS) {
                throw SystemError.explained(
                        "cannot pin " + (bytes >> 20) + " MiB for an AF_XDP socket: RLIMIT_MEMLOCK is too low "
                                + "(LimitMEMLOCK= of a unit, or CAP_IPC_LOCK)",
                        Errno.ENOBUFS);
            }
            SystemError.check(result, "cannot pin memory for an AF_XDP socket");
            // Size of the send buffer for frames that the kernel has accepted and not sent yet; without the privilege
            // its default stays.
            MemorySegment size = arena.allocateFrom(ValueLayout.JAVA_INT, FRAMES * CHUNK);
            int unused = LibC.setsockopt(fd.number(), LibC.SOL_SOCKET, SO_SNDBUFFORCE, size.address(), Integer.BYTES);
            return area;
        }
    }

    private void bind(XdpMode mode) {
        int flags = XDP_USE_NEED_WAKEUP
                | (multiBuffer ? XDP_USE_SG : 0)
                | switch (mode) {
                    case AUTO -> 0;
                    case COPY -> XDP_COPY;
                    case ZEROCOPY -> XDP_ZEROCOPY;
                };
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(ADDRESS_BYTES, Long.BYTES);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) LibC.AF_XDP);
            address.set(ValueLayout.JAVA_SHORT, 2, (short) flags);
            address.set(ValueLayout.JAVA_INT, 4, on.number());
            address.set(ValueLayout.JAVA_INT, 8, queue);
            int result = LibC.bind(fd.number(), address.address(), ADDRESS_BYTES);
            switch (-result) {
                case Errno.EBUSY ->
                    throw SystemError.explained(
                            "queue " + queue + " of " + on.name() + " has an AF_XDP socket already", Errno.EBUSY);
                case Errno.EOPNOTSUPP -> {
                    if (multiBuffer) {
                        throw mtuTooLarge(on);
                    }
                    throw SystemError.explained(
                            "the driver of " + on.name() + " has no AF_XDP without copies: leave out mode=zerocopy",
                            Errno.EOPNOTSUPP);
                }
                case Errno.EINVAL -> {
                    if (multiBuffer) {
                        throw mtuTooLarge(on);
                    }
                    throw SystemError.explained("interface " + on.name() + " has no queue " + queue, Errno.EINVAL);
                }
                case Errno.ENETDOWN -> throw isDown(on);
                default -> SystemError.check(result, "cannot bind an AF_XDP socket to " + on.name());
            }
        }
    }

    private void get(int option, MemorySegment value, String attempt) {
        SystemError.check(option(option, value), attempt);
    }

    private int option(int option, MemorySegment value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, (int) value.byteSize());
            return LibC.getsockopt(fd.number(), SOL_XDP, option, value.address(), length.address());
        }
    }

    private String notes(boolean driver) {
        boolean zeroCopy;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment options = arena.allocate(4, Long.BYTES);
            get(XDP_OPTIONS, options, "cannot ask an AF_XDP socket for its mode");
            zeroCopy = (options.get(ValueLayout.JAVA_INT, 0) & XDP_OPTIONS_ZEROCOPY) != 0;
        }
        int queues = on.queues();
        String text = "AF_XDP on queue " + queue + (queues == 0 ? "" : " of " + queues) + ", "
                + (zeroCopy ? "without copies" : driver ? "with copies" : "with copies, not in the driver");
        if (queues > 1) {
            text += "; frames of its other queues go to the host";
        }
        if (on.takesTagsOut()) {
            text += "; VLAN tags are lost until 'ethtool -K " + on.name() + " rxvlan off'";
        }
        return text;
    }

    /**
     * Returns a description of the socket's modes and limitations on this host, for the user.
     *
     * @return one line
     */
    public String notes() {
        return notes;
    }

    XdpInterface on() {
        return on;
    }

    Fd fd() {
        return fd;
    }

    boolean multiBuffer() {
        return multiBuffer;
    }

    /** Returns the address of the chunk with an offset. */
    long address(long offset) {
        return memory.address() + offset;
    }

    /** Makes the kernel send the frames in {@link #tx}; returns 0 or the negative errno. */
    int send() {
        int result = HotCalls.sendmsg(errno, fd.number(), nothing.address(), LibC.MSG_DONTWAIT);
        return Math.min(0, result);
    }

    /** Makes the driver process the entries in {@link #fill}. */
    void wakeReceiver() {
        int unused = HotCalls.recvmsg(errno, fd.number(), nothing.address(), LibC.MSG_DONTWAIT);
    }

    /**
     * Returns the number of frames that the kernel received for the socket and dropped: no free chunk, no free RX ring entry, or too long
     * for a chunk. Any thread may call it while the socket is open.
     */
    long droppedByKernel() {
        try (Arena arena = Arena.ofConfined()) {
            // struct xdp_statistics: rx_dropped, rx_invalid_descs, tx_invalid_descs, and since Linux 5.9 rx_ring_full,
            // rx_fill_ring_empty_descs, tx_ring_empty_descs. A frame without a chunk is counted as dropped as well.
            MemorySegment statistics = arena.allocate(48, Long.BYTES);
            return option(XDP_STATISTICS, statistics) < 0
                    ? 0
                    : statistics.get(ValueLayout.JAVA_LONG, 0) + statistics.get(ValueLayout.JAVA_LONG, 24);
        }
    }

    /** Detaches the program and closes everything. This object must not be used any more. Later calls do nothing. */
    @Override
    public void close() {
        if (fd.isOpen()) {
            program.close();
            rings.forEach(XdpRing::unmap);
            fd.close();
            on.close();
        }
    }
}
