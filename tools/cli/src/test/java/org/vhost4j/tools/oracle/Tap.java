// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.oracle;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.HotCalls;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;

/** A TAP with a virtio-net header that includes the tunnel fields; frames are byte arrays. */
final class Tap implements AutoCloseable {
    static final int HEADER_BYTES = NetHeader.TUNNEL_BYTES;

    private static final long TUNSETIFF = 0x400454caL;
    private static final long TUNSETOFFLOAD = 0x400454d0L;
    private static final long TUNSETVNETHDRSZ = 0x400454d8L;
    private static final short IFF_TAP_NO_PI_VNET_HDR = 0x0002 | 0x1000 | 0x4000;
    private static final int ROOM = 1 << 17;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment buffer = arena.allocate(ROOM, 8);
    private final MemorySegment vector = arena.allocate(16, 8);
    private final MemorySegment errno = arena.allocate(HotCalls.ERRNO);
    private final MemorySegment pollFd = arena.allocate(8, 8);
    private final Fd fd;

    Tap(String name) {
        fd = Fd.open("/dev/net/tun", LibC.O_RDWR | LibC.O_NONBLOCK);
        MemorySegment ifreq = arena.allocate(40, 8);
        ifreq.setString(0, name, StandardCharsets.US_ASCII);
        ifreq.set(ValueLayout.JAVA_SHORT, 16, IFF_TAP_NO_PI_VNET_HDR);
        SystemError.check(LibC.ioctl(fd.number(), TUNSETIFF, ifreq.address()), "creating the TAP " + name);
        MemorySegment size = arena.allocate(4, 4);
        size.set(ValueLayout.JAVA_INT, 0, HEADER_BYTES);
        SystemError.check(LibC.ioctl(fd.number(), TUNSETVNETHDRSZ, size.address()), "TUNSETVNETHDRSZ");
        setOffload(0);
    }

    /** What the kernel may leave undone in frames that are read here. */
    void setOffload(int mask) {
        SystemError.check(LibC.ioctl(fd.number(), TUNSETOFFLOAD, mask), "TUNSETOFFLOAD");
    }

    /** Whether the kernel knows all of a mask; if so it is set. */
    boolean knows(int mask) {
        return LibC.ioctl(fd.number(), TUNSETOFFLOAD, mask) == 0;
    }

    /** Hands a frame and its header to the kernel; 0 or the negative errno. */
    int write(Frame header, byte[] bytes) {
        ByteBuffer out = buffer.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        out.put((byte) header.flags).put((byte) header.gsoType);
        out.putShort((short) header.headerLength).putShort((short) header.gsoSize);
        out.putShort((short) header.checksumStart).putShort((short) header.checksumOffset);
        // No number of buffers, no hash.
        out.putShort((short) 0).putLong(0);
        out.putShort((short) header.outerTransportOffset).putShort((short) header.innerNetworkOffset);
        out.put(bytes);
        int total = HEADER_BYTES + bytes.length;
        vector.set(ValueLayout.JAVA_LONG, 0, buffer.address());
        vector.set(ValueLayout.JAVA_LONG, 8, total);
        int written = HotCalls.writev(errno, fd.number(), vector.address(), 1);
        if (written >= 0 && written != total) {
            throw new IllegalStateException("wrote " + written + " of " + total + " bytes to the TAP");
        }
        return Math.min(written, 0);
    }

    /** The next frame from the kernel after its header, or null when none comes in time. */
    byte @Nullable [] read(int timeoutMillis) {
        vector.set(ValueLayout.JAVA_LONG, 0, buffer.address());
        vector.set(ValueLayout.JAVA_LONG, 8, ROOM);
        int n = HotCalls.readv(errno, fd.number(), vector.address(), 1);
        if (n == -Errno.EAGAIN) {
            pollFd.set(ValueLayout.JAVA_INT, 0, fd.number());
            pollFd.set(ValueLayout.JAVA_SHORT, 4, (short) LibC.POLLIN);
            if (SystemError.check(LibC.poll(pollFd.address(), 1, timeoutMillis), "poll") == 0) {
                return null;
            }
            n = HotCalls.readv(errno, fd.number(), vector.address(), 1);
        }
        SystemError.check(n, "reading the TAP");
        return buffer.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE);
    }

    @Override
    public void close() {
        fd.close();
        arena.close();
    }
}
