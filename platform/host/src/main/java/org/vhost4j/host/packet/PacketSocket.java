// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.packet;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;

/**
 * A packet socket on one interface, with a virtio-net header of {@value #HEADER_BYTES} bytes before each frame (PACKET_VNET_HDR) in both
 * directions, and the VLAN tags that the kernel removes from received frames (PACKET_AUXDATA). The interface is in promiscuous mode as long
 * as the socket is open. Frames that the host itself sends through the interface are not received.
 */
public final class PacketSocket implements AutoCloseable {
    /** Length in bytes of the virtio-net header before each frame, which has no {@code num_buffers}. */
    public static final int HEADER_BYTES = 10;

    private static final int SOL_PACKET = 263;
    private static final int PACKET_ADD_MEMBERSHIP = 1;
    private static final int PACKET_AUXDATA = 8;
    private static final int PACKET_VNET_HDR = 15;
    private static final int PACKET_IGNORE_OUTGOING = 23;
    private static final int PACKET_MR_PROMISC = 1;
    private static final int MREQ_BYTES = 16;
    private static final int ETH_P_ALL = 3;
    private static final int ADDRESS_BYTES = 20;

    private static final long SIOCGIFINDEX = 0x8933;
    private static final int IFREQ_BYTES = 40;
    private static final int IFREQ_VALUE = 16;
    private static final int IFNAMSIZ = 16;

    /** Size of the receive buffer in bytes: room for a burst of the longest super-frames. The kernel may limit it. */
    private static final int RECEIVE_BYTES = 4 << 20;

    private final Fd fd;
    private final String ifname;

    private PacketSocket(Fd fd, String ifname) {
        this.fd = fd;
        this.ifname = ifname;
    }

    /**
     * Opens a socket on an interface of the calling thread's network namespace.
     *
     * @param ifname the interface's name, 1 to 15 bytes
     * @return the socket, which is non-blocking
     * @throws SystemError when it cannot be opened; the message is one sentence that names the cause
     */
    public static PacketSocket open(String ifname) {
        // With protocol 0 nothing is received before the socket is bound.
        int opened = LibC.socket(LibC.AF_PACKET, LibC.SOCK_RAW | LibC.SOCK_NONBLOCK | LibC.SOCK_CLOEXEC, 0);
        if (opened == -Errno.EPERM) {
            throw SystemError.explained(
                    "cannot open a packet socket on " + ifname + ": not permitted; it needs CAP_NET_RAW", Errno.EPERM);
        }
        PacketSocket socket = new PacketSocket(Fd.of(opened, "cannot open a packet socket on " + ifname), ifname);
        try {
            socket.set(LibC.SOL_SOCKET, LibC.SO_RCVBUF, RECEIVE_BYTES, "a larger receive buffer");
            socket.set(SOL_PACKET, PACKET_VNET_HDR, 1, "virtio-net headers");
            socket.set(SOL_PACKET, PACKET_AUXDATA, 1, "VLAN tags");
            // Linux before 4.20 does not support it; therefore the reader drops these frames, too.
            int unused = socket.set(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
            socket.bind();
            return socket;
        } catch (SystemError e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Takes over a socket that another process has opened.
     *
     * @param fd the socket; owned by this object from now on
     * @param ifname the interface's name
     * @return the socket, with its settings unchanged
     */
    public static PacketSocket takeOver(Fd fd, String ifname) {
        return new PacketSocket(fd, ifname);
    }

    private void set(int level, int option, int value, String what) {
        SystemError.check(set(level, option, value), "cannot set " + what + " on a packet socket");
    }

    private int set(int level, int option, int value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_INT, value);
            return LibC.setsockopt(fd.number(), level, option, memory.address(), Integer.BYTES);
        }
    }

    /**
     * Binds the socket to the interface with the name {@link #ifname}, and sets promiscuous mode. Call it again after the interface was
     * removed and another one of the same name was created. May wait for the kernel's network configuration. Any thread may call it.
     *
     * @throws SystemError when there is no such interface, or it is not an Ethernet interface
     */
    public void bind() {
        int index = index();
        if (index < 0) {
            throw -index == Errno.ENODEV
                    ? SystemError.explained("there is no interface " + ifname, Errno.ENODEV)
                    : new SystemError("cannot find interface " + ifname, -index);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(ADDRESS_BYTES, Long.BYTES);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) LibC.AF_PACKET);
            address.set(ValueLayout.JAVA_SHORT, 2, Short.reverseBytes((short) ETH_P_ALL));
            address.set(ValueLayout.JAVA_INT, 4, index);
            int bound = LibC.bind(fd.number(), address.address(), ADDRESS_BYTES);
            // Binding works although the interface is down; that is reported when the first frame is read.
            if (bound != -Errno.ENETDOWN) {
                SystemError.check(bound, "cannot bind a packet socket to " + ifname);
            }
            MemorySegment request = arena.allocate(MREQ_BYTES, Long.BYTES);
            request.set(ValueLayout.JAVA_INT, 0, index);
            request.set(ValueLayout.JAVA_SHORT, 4, (short) PACKET_MR_PROMISC);
            SystemError.check(
                    LibC.setsockopt(fd.number(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, request.address(), MREQ_BYTES),
                    "cannot make " + ifname + " promiscuous");
        }
    }

    /**
     * Returns whether an interface of that name exists in the socket's network namespace. The kernel may try to load a
     * module of that name, which takes time.
     *
     * @return true when one exists, whether or not the socket is bound to it
     */
    public boolean exists() {
        return index() >= 0;
    }

    /**
     * Returns whether the interface to which the socket was bound still exists. Does not block, unlike {@link #exists},
     * which looks up a name, for which the kernel may load a module.
     *
     * @return false when it was removed, whether or not another one has its name
     */
    public boolean isBound() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(ADDRESS_BYTES, Long.BYTES);
            MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, ADDRESS_BYTES);
            // struct sockaddr_ll: le16 family, be16 protocol, int ifindex; packet(7): -1 when the interface was
            // removed.
            return LibC.getsockname(fd.number(), address.address(), length.address()) == 0
                    && address.get(ValueLayout.JAVA_INT, Integer.BYTES) > 0;
        }
    }

    private int index() {
        byte[] name = ifname.getBytes(StandardCharsets.UTF_8);
        if (name.length == 0 || name.length >= IFNAMSIZ) {
            return -Errno.ENODEV;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(IFREQ_BYTES, Long.BYTES);
            MemorySegment.copy(name, 0, request, ValueLayout.JAVA_BYTE, 0, name.length);
            int result = LibC.ioctl(fd.number(), SIOCGIFINDEX, request.address());
            return result < 0 ? result : request.get(ValueLayout.JAVA_INT, IFREQ_VALUE);
        }
    }

    /**
     * Returns the interface's name.
     *
     * @return the name as given
     */
    public String ifname() {
        return ifname;
    }

    /**
     * Returns the descriptor for reading and writing frames.
     *
     * @return the descriptor, still owned by this object
     */
    public Fd fd() {
        return fd;
    }

    /** Closes the socket; later calls do nothing. */
    @Override
    public void close() {
        fd.close();
    }
}
