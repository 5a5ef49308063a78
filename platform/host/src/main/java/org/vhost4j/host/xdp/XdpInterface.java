// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.xdp;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;

/**
 * A network interface of the calling thread's network namespace, with the properties that an AF_XDP port needs. It is in promiscuous mode
 * while this object is open, because guests have other MAC addresses than the interface.
 */
final class XdpInterface implements AutoCloseable {
    private static final int IFNAMSIZ = 16;
    private static final int IFREQ_BYTES = 40;
    private static final int IFREQ_VALUE = 16;

    private static final long SIOCGIFFLAGS = 0x8913;
    private static final long SIOCGIFMTU = 0x8921;
    private static final long SIOCGIFHWADDR = 0x8927;
    private static final long SIOCGIFINDEX = 0x8933;
    private static final long SIOCETHTOOL = 0x8946;

    /** sa_family of an Ethernet address. */
    private static final int ARPHRD_ETHER = 1;

    private static final int IFF_UP = 1;

    private static final int ETHTOOL_GFLAGS = 0x25;
    private static final int ETHTOOL_GCHANNELS = 0x3c;
    /** Flag of ETHTOOL_GFLAGS: the interface removes VLAN tags from received frames. */
    private static final int ETH_FLAG_RXVLAN = 1 << 8;

    // struct ethtool_channels: cmd, max_rx, max_tx, max_other, max_combined, then the counts.
    private static final int CHANNELS_BYTES = 36;
    private static final int RX_COUNT = 20;
    private static final int TX_COUNT = 24;
    private static final int COMBINED_COUNT = 32;

    private static final int SOL_PACKET = 263;
    private static final int PACKET_ADD_MEMBERSHIP = 1;
    private static final int PACKET_MR_PROMISC = 1;
    private static final int SO_ATTACH_FILTER = 26;
    /** BPF_RET | BPF_K of classic BPF. */
    private static final short RETURN = 6;
    /** A local experimental EtherType (IEEE 802). */
    private static final int ETH_P_802_EX1 = 0x88b5;

    private static final int ADDRESS_BYTES = 20;
    private static final int MREQ_BYTES = 16;

    private final Fd fd;
    private final String name;
    private final int index;

    private XdpInterface(Fd fd, String name) {
        this.fd = fd;
        this.name = name;
        this.index = index();
    }

    /**
     * Finds an interface.
     *
     * @throws SystemError when no interface has that name, or it is not an Ethernet interface
     */
    static XdpInterface open(String name) {
        // This socket is used for ioctls, keeps the interface in promiscuous mode, and gets an error when the interface
        // goes down or is removed.
        int opened = LibC.socket(LibC.AF_PACKET, LibC.SOCK_RAW | LibC.SOCK_CLOEXEC, 0);
        if (opened == -Errno.EPERM) {
            throw SystemError.explained(
                    "cannot use interface " + name + ": not permitted; it needs CAP_NET_RAW", Errno.EPERM);
        }
        Fd fd = Fd.of(opened, "cannot use interface " + name);
        try {
            XdpInterface found = new XdpInterface(fd, name);
            found.beEthernet();
            found.bePromiscuous();
            found.watchLink();
            return found;
        } catch (SystemError e) {
            fd.close();
            throw e;
        }
    }

    private int index() {
        int result = ask(SIOCGIFINDEX);
        if (result == -Errno.ENODEV) {
            throw SystemError.explained("there is no interface " + name, Errno.ENODEV);
        }
        return SystemError.check(result, "cannot find interface " + name);
    }

    private void beEthernet() {
        int family = SystemError.check(ask(SIOCGIFHWADDR), "cannot ask for the address of " + name) & 0xffff;
        if (family != ARPHRD_ETHER) {
            throw SystemError.explained("interface " + name + " is no Ethernet", Errno.EINVAL);
        }
    }

    private void bePromiscuous() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(MREQ_BYTES, Long.BYTES);
            request.set(ValueLayout.JAVA_INT, 0, index);
            request.set(ValueLayout.JAVA_SHORT, 4, (short) PACKET_MR_PROMISC);
            SystemError.check(
                    LibC.setsockopt(fd.number(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, request.address(), MREQ_BYTES),
                    "cannot make " + name + " promiscuous");
        }
    }

    /**
     * Binds the socket to one EtherType, with a filter that drops all frames: a socket without a protocol gets no error
     * when the interface is removed.
     */
    private void watchLink() {
        try (Arena arena = Arena.ofConfined()) {
            // struct sock_fprog with one struct sock_filter: return 0 bytes.
            MemorySegment instruction = arena.allocate(8, Long.BYTES);
            instruction.set(ValueLayout.JAVA_SHORT, 0, RETURN);
            MemorySegment filter = arena.allocate(16, Long.BYTES);
            filter.set(ValueLayout.JAVA_SHORT, 0, (short) 1);
            filter.set(ValueLayout.JAVA_LONG, 8, instruction.address());
            SystemError.check(
                    LibC.setsockopt(fd.number(), LibC.SOL_SOCKET, SO_ATTACH_FILTER, filter.address(), 16),
                    "cannot filter a packet socket");
            MemorySegment address = arena.allocate(ADDRESS_BYTES, Long.BYTES);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) LibC.AF_PACKET);
            address.set(ValueLayout.JAVA_SHORT, 2, Short.reverseBytes((short) ETH_P_802_EX1));
            address.set(ValueLayout.JAVA_INT, 4, index);
            int bound = LibC.bind(fd.number(), address.address(), ADDRESS_BYTES);
            if (bound != -Errno.ENETDOWN) {
                SystemError.check(bound, "cannot watch interface " + name);
            }
        }
    }

    /** Returns a descriptor on which epoll reports an error whenever the interface goes down or is removed. */
    Fd fd() {
        return fd;
    }

    /** Returns the lower 31 bits of the result of an ioctl for the interface's name, or the negative errno. */
    private int ask(long what) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length >= IFNAMSIZ) {
            return -Errno.ENODEV;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(IFREQ_BYTES, Long.BYTES);
            MemorySegment.copy(bytes, 0, request, ValueLayout.JAVA_BYTE, 0, bytes.length);
            int result = LibC.ioctl(fd.number(), what, request.address());
            return result < 0 ? result : request.get(ValueLayout.JAVA_INT, IFREQ_VALUE) & Integer.MAX_VALUE;
        }
    }

    /** Calls SIOCETHTOOL; returns 0 or the negative errno. */
    private int askDriver(MemorySegment question) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(IFREQ_BYTES, Long.BYTES);
            MemorySegment.copy(bytes, 0, request, ValueLayout.JAVA_BYTE, 0, bytes.length);
            request.set(ValueLayout.JAVA_LONG, IFREQ_VALUE, question.address());
            return LibC.ioctl(fd.number(), SIOCETHTOOL, request.address());
        }
    }

    String name() {
        return name;
    }

    int number() {
        return index;
    }

    /** Returns the length of the longest packet in bytes, without Ethernet header; 0 when the interface was removed. */
    int mtu() {
        return Math.max(0, ask(SIOCGIFMTU));
    }

    /** Returns whether the interface that was opened still exists; another interface with the same name does not count. */
    boolean isThere() {
        return ask(SIOCGIFINDEX) == index;
    }

    /** Returns whether the interface is up. */
    boolean isUp() {
        int flags = ask(SIOCGIFFLAGS);
        return flags >= 0 && (flags & IFF_UP) != 0;
    }

    /** Returns the number of queues of the interface, or 0 when its driver does not report it. */
    int queues() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment channels = arena.allocate(CHANNELS_BYTES, Long.BYTES);
            channels.set(ValueLayout.JAVA_INT, 0, ETHTOOL_GCHANNELS);
            if (askDriver(channels) < 0) {
                return 0;
            }
            return channels.get(ValueLayout.JAVA_INT, COMBINED_COUNT)
                    + Math.max(
                            channels.get(ValueLayout.JAVA_INT, RX_COUNT), channels.get(ValueLayout.JAVA_INT, TX_COUNT));
        }
    }

    /** Returns whether the driver removes VLAN tags from received frames before an XDP program sees them. */
    boolean takesTagsOut() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(8, Long.BYTES);
            value.set(ValueLayout.JAVA_INT, 0, ETHTOOL_GFLAGS);
            return askDriver(value) >= 0 && (value.get(ValueLayout.JAVA_INT, 4) & ETH_FLAG_RXVLAN) != 0;
        }
    }

    @Override
    public void close() {
        fd.close();
    }
}
