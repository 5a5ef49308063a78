// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.HotCalls;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;

/** The calls on the real {@code /dev/net/tun}. */
final class LinuxTun implements TunKernel {
    private static final long TUNSETIFF = 0x400454caL;
    private static final long TUNGETFEATURES = 0x800454cfL;
    private static final long TUNSETOFFLOAD = 0x400454d0L;
    private static final long TUNSETVNETHDRSZ = 0x400454d8L;
    /** Size of {@code struct ifreq}, and the offset of its flags. */
    static final int IFREQ_BYTES = 40;

    static final int IFREQ_FLAGS = 16;
    /** IFF_TAP, IFF_NO_PI, IFF_VNET_HDR. */
    private static final short TAP_FLAGS = 0x0002 | 0x1000 | 0x4000;

    private @Nullable Fd fd;

    @Override
    public int open() {
        try {
            fd = Fd.open("/dev/net/tun", LibC.O_RDWR | LibC.O_NONBLOCK);
            return 0;
        } catch (SystemError e) {
            return -e.errno();
        }
    }

    @Override
    public int features() {
        return features(number());
    }

    /** Calls TUNGETFEATURES on a TAP's descriptor. */
    static int features(int descriptor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment flags = arena.allocate(ValueLayout.JAVA_INT);
            int result = LibC.ioctl(descriptor, TUNGETFEATURES, flags.address());
            return result < 0 ? result : flags.get(ValueLayout.JAVA_INT, 0);
        }
    }

    @Override
    public int createTap() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ifreq = arena.allocate(IFREQ_BYTES, Long.BYTES);
            ifreq.setString(0, "vh4jprobe%d", StandardCharsets.US_ASCII);
            ifreq.set(ValueLayout.JAVA_SHORT, IFREQ_FLAGS, TAP_FLAGS);
            return LibC.ioctl(number(), TUNSETIFF, ifreq.address());
        }
    }

    @Override
    public int setOffload(int mask) {
        return setOffload(number(), mask);
    }

    /** Calls TUNSETOFFLOAD on a TAP's descriptor. */
    static int setOffload(int descriptor, int mask) {
        return LibC.ioctl(descriptor, TUNSETOFFLOAD, mask);
    }

    @Override
    public int setHeaderSize(int bytes) {
        try (Arena arena = Arena.ofConfined()) {
            return LibC.ioctl(
                    number(),
                    TUNSETVNETHDRSZ,
                    arena.allocateFrom(ValueLayout.JAVA_INT, bytes).address());
        }
    }

    @Override
    public int write(byte[] frame) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, frame);
            MemorySegment vector = arena.allocate(2 * ValueLayout.JAVA_LONG.byteSize(), Long.BYTES);
            vector.set(ValueLayout.JAVA_LONG, 0, bytes.address());
            vector.set(ValueLayout.JAVA_LONG, Long.BYTES, bytes.byteSize());
            return HotCalls.writev(arena.allocate(HotCalls.ERRNO), number(), vector.address(), 1);
        }
    }

    @Override
    public void close() {
        if (fd != null) {
            fd.close();
            fd = null;
        }
    }

    private int number() {
        return fd == null ? -Errno.EBADF : fd.number();
    }
}
