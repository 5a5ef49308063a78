// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.port;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.vhost4j.device.net.NetHeader;
import org.vhost4j.device.net.Offloads;
import org.vhost4j.platform.sys.Errno;
import org.vhost4j.platform.sys.Fd;
import org.vhost4j.platform.sys.LibC;
import org.vhost4j.platform.sys.SystemError;

/** One queue of a TAP interface with virtio-net headers (uapi/linux/if_tun.h). */
final class TapInterface implements AutoCloseable {
    private static final String DEVICE = "/dev/net/tun";
    private static final long TUNSETIFF = 0x400454caL;
    private static final long TUNSETOFFLOAD = 0x400454d0L;
    private static final long TUNSETVNETHDRSZ = 0x400454d8L;
    private static final int IFF_TAP = 0x0002;
    private static final int IFF_NO_PI = 0x1000;
    private static final int IFF_VNET_HDR = 0x4000;
    private static final int IFREQ_BYTES = 40;
    private static final int IFNAMSIZ = 16;

    private final String name;
    private final Fd fd;

    private TapInterface(String name, Fd fd) {
        this.name = name;
        this.fd = fd;
    }

    /**
     * Opens an interface, which is created when there is none of that name and vanishes then with the descriptor.
     *
     * @param name 1 to 15 characters
     * @return its owner
     * @throws SystemError in one sentence, when it cannot be had
     */
    static TapInterface open(String name) {
        Fd fd;
        try {
            fd = Fd.open(DEVICE, LibC.O_RDWR | LibC.O_NONBLOCK | LibC.O_CLOEXEC);
        } catch (SystemError e) {
            throw SystemError.explained(
                    "cannot open the TAP " + name + ": " + DEVICE
                            + (e.errno() == Errno.ENOENT
                                    ? " does not exist (is the module tun loaded?)"
                                    : " cannot be opened (" + Errno.name(e.errno()) + ")"),
                    e.errno());
        }
        TapInterface tap = new TapInterface(name, fd);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ifreq = arena.allocate(IFREQ_BYTES, 8);
            ifreq.setString(0, name, StandardCharsets.US_ASCII);
            ifreq.set(ValueLayout.JAVA_SHORT, IFNAMSIZ, (short) (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR));
            int result = LibC.ioctl(fd.number(), TUNSETIFF, ifreq.address());
            if (result < 0) {
                throw SystemError.explained("cannot open the TAP " + name + ": " + why(-result), -result);
            }
            MemorySegment size = arena.allocate(ValueLayout.JAVA_INT);
            size.set(ValueLayout.JAVA_INT, 0, NetHeader.BYTES);
            SystemError.check(
                    LibC.ioctl(fd.number(), TUNSETVNETHDRSZ, size.address()),
                    "cannot have headers of " + NetHeader.BYTES + " bytes on the TAP " + name);
            return tap;
        } catch (SystemError e) {
            tap.close();
            throw e;
        }
    }

    private static String why(int errno) {
        if (errno == Errno.EPERM) {
            return "that needs CAP_NET_ADMIN, or an interface made for this user with 'ip tuntap add'";
        }
        if (errno == Errno.EBUSY) {
            return "somebody else has it open";
        }
        return Errno.name(errno) + " (is there an interface of that name which is no TAP, or one with other flags?)";
    }

    Fd fd() {
        return fd;
    }

    /**
     * Tells the kernel which offloads frames from it may use.
     *
     * @param wanted a mask of {@link Offloads}
     * @return what was set: the kernel takes USO for both IP versions or for none, and nothing without CSUM
     * @throws SystemError when the kernel refuses what was left
     */
    int offloads(int wanted) {
        int both = Offloads.USO4 | Offloads.USO6;
        int mask = (wanted & both) == both ? wanted : wanted & ~both;
        if ((mask & Offloads.CSUM) == 0) {
            mask = 0;
        }
        if ((mask & (Offloads.TSO4 | Offloads.TSO6)) == 0) {
            mask &= ~Offloads.ECN;
        }
        SystemError.check(
                LibC.ioctl(fd.number(), TUNSETOFFLOAD, mask),
                "cannot set the offloads 0x" + Integer.toHexString(mask) + " on the TAP " + name);
        return mask;
    }

    @Override
    public void close() {
        fd.close();
    }
}
