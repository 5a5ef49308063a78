// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.tap;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;

/**
 * One queue of a TAP interface, with a virtio-net header before each frame in both directions. The header has 12 bytes, or 24 when
 * super-frames inside UDP tunnels are possible. The kernel removes the interface with its last queue, unless it is persistent
 * (TUNSETPERSIST). The host's administrator sets it up and gives it an address.
 */
public final class TapDevice implements AutoCloseable {
    private static final String NODE = "/dev/net/tun";

    private static final long TUNSETIFF = 0x400454caL;
    private static final long TUNSETOFFLOAD = 0x400454d0L;
    private static final long TUNSETVNETHDRSZ = 0x400454d8L;

    private static final int IFF_TAP = 0x0002;
    private static final int IFF_MULTI_QUEUE = 0x0100;
    private static final int IFF_NO_PI = 0x1000;
    private static final int IFF_VNET_HDR = 0x4000;

    private static final int IFREQ_BYTES = 40;
    private static final int IFREQ_FLAGS = 16;
    /** Size in bytes of an interface name in struct ifreq, with the final zero. */
    private static final int IFNAMSIZ = 16;

    private static final int ANY_TSO = Offloads.TSO4 | Offloads.TSO6;
    private static final int USO = Offloads.USO4 | Offloads.USO6;

    /** Names of the offloads by bit number. */
    private static final String[] OFFLOAD_NAMES = {
        "CSUM", "TSO4", "TSO6", "ECN", "UFO", "USO4", "USO6", "UDP_TUNNEL", "UDP_TUNNEL_CSUM"
    };

    private final Fd fd;
    private final String name;
    private int headerBytes;

    private TapDevice(Fd fd, String name) {
        this.fd = fd;
        this.name = name;
    }

    /**
     * Opens a queue of a TAP, which is created when no interface has that name.
     *
     * @param name name of the interface, 1 to 15 bytes; {@code %d} in it stands for the first free number
     * @param multiQueue whether the interface is multi_queue: then each call opens another queue
     * @return the queue, non-blocking, with no offloads enabled for frames to this program
     * @throws SystemError when it cannot be opened; the message is one sentence that names the cause
     */
    public static TapDevice open(String name, boolean multiQueue) {
        return open(name, multiQueue, NetHeader.BYTES);
    }

    /**
     * Opens a queue of a TAP as {@link #open(String, boolean)} does. All queues of an interface have the same header length. Setting it
     * while opening prevents that frames with another header length arrive in between.
     *
     * @param name name of the interface, 1 to 15 bytes; {@code %d} in it stands for the first free number
     * @param multiQueue whether the interface is multi_queue: then each call opens another queue
     * @param headerBytes {@link NetHeader#BYTES} or {@link NetHeader#TUNNEL_BYTES}
     * @return the queue, non-blocking, with no offloads enabled for frames to this program
     * @throws SystemError when it cannot be opened; the message is one sentence that names the cause
     */
    public static TapDevice open(String name, boolean multiQueue, int headerBytes) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length >= IFNAMSIZ) {
            throw SystemError.explained(
                    "an interface's name has 1 to 15 bytes, but \"" + name + "\" has " + bytes.length, Errno.EINVAL);
        }
        int opened = LibC.open(NODE, LibC.O_RDWR | LibC.O_NONBLOCK | LibC.O_CLOEXEC);
        if (opened < 0) {
            throw cannotOpen(name, -opened);
        }
        Fd fd = Fd.of(opened, "cannot open " + NODE);
        try {
            String given = attach(fd, name, bytes, multiQueue);
            TapDevice device = new TapDevice(fd, given);
            device.headerBytes(headerBytes);
            device.offloads(0);
            return device;
        } catch (SystemError e) {
            fd.close();
            throw e;
        }
    }

    /**
     * Opens the only queue of a TAP, with the multi_queue flag that the existing TAP has. Creates the TAP when no interface has that name.
     *
     * @param name name of the interface, as for {@link #open}
     * @return the queue
     * @throws SystemError when it cannot be opened; the message is one sentence that names the cause
     */
    public static TapDevice openAsMade(String name) {
        try {
            return open(name, false);
        } catch (SystemError e) {
            if (e.errno() != Errno.EINVAL || InterfaceKind.of(name) != InterfaceKind.TAP) {
                throw e;
            }
            return open(name, true);
        }
    }

    /**
     * Takes over a queue that another process has opened.
     *
     * @param fd the queue; owned by the device from now on
     * @param name name of the interface
     * @param headerBytes length of the header before each frame, as that process has set it
     * @return the queue, with its settings unchanged
     */
    public static TapDevice takeOver(Fd fd, String name, int headerBytes) {
        TapDevice device = new TapDevice(fd, name);
        device.headerBytes = headerBytes;
        return device;
    }

    private static String attach(Fd fd, String name, byte[] bytes, boolean multiQueue) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(IFREQ_BYTES, Long.BYTES);
            MemorySegment.copy(bytes, 0, request, ValueLayout.JAVA_BYTE, 0, bytes.length);
            int flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (multiQueue ? IFF_MULTI_QUEUE : 0);
            request.set(ValueLayout.JAVA_SHORT, IFREQ_FLAGS, (short) flags);
            int result = LibC.ioctl(fd.number(), TUNSETIFF, request.address());
            if (result < 0) {
                throw cannotAttach(
                        name,
                        multiQueue,
                        -result,
                        result == -Errno.EINVAL ? InterfaceKind.of(name) : InterfaceKind.NONE);
            }
            return request.getString(0, StandardCharsets.UTF_8);
        }
    }

    static SystemError cannotOpen(String name, int errno) {
        return switch (errno) {
            case Errno.ENOENT, Errno.ENODEV, Errno.ENXIO ->
                SystemError.explained(
                        "cannot open TAP " + name + ": there is no " + NODE
                                + "; load the kernel's tun module, or pass the device into the container",
                        errno);
            case Errno.EACCES, Errno.EPERM ->
                SystemError.explained(
                        "cannot open TAP " + name + ": no permission to open " + NODE + " for reading and writing",
                        errno);
            default -> new SystemError("cannot open TAP " + name + ": " + NODE + " cannot be opened", errno);
        };
    }

    static SystemError cannotAttach(String name, boolean multiQueue, int errno, InterfaceKind kind) {
        String problem = switch (errno) {
            case Errno.EPERM ->
                "not permitted; it needs CAP_NET_ADMIN, or a TAP that was made for this user with" + " \"ip tuntap add "
                        + name + " mode tap user NAME\"";
            case Errno.EBUSY -> "another process has it open";
            case Errno.EINVAL ->
                switch (kind) {
                    case NONE -> "no interface can have this name";
                    case OTHER -> "an interface of this name exists, and it is no TAP";
                    case TAP ->
                        multiQueue
                                ? "it was made without multi_queue, and cannot have a second queue"
                                : "it was made with multi_queue, which is for guests with several queue pairs"
                                        + " (--queues); make it without";
                };
            case Errno.E2BIG -> "all of its queues are in use";
            default -> "";
        };
        return problem.isEmpty()
                ? new SystemError("cannot open TAP " + name, errno)
                : SystemError.explained("cannot open TAP " + name + ": " + problem, errno);
    }

    /**
     * Extends the virtio-net header of every frame to 24 bytes, for super-frames inside UDP tunnels. Call it before the first frame.
     *
     * @throws SystemError when the kernel does not support these headers; then nothing changes
     */
    public void tunnels() {
        headerBytes(NetHeader.TUNNEL_BYTES);
    }

    /**
     * Returns the length of the header before each frame.
     *
     * @return {@link NetHeader#BYTES} or {@link NetHeader#TUNNEL_BYTES}
     */
    public int headerBytes() {
        return headerBytes;
    }

    private void headerBytes(int bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocateFrom(ValueLayout.JAVA_INT, bytes);
            SystemError.check(
                    LibC.ioctl(fd.number(), TUNSETVNETHDRSZ, size.address()),
                    "cannot give TAP " + name + " a header of " + bytes + " bytes");
        }
        headerBytes = bytes;
    }

    /**
     * Returns the largest subset of {@code wanted} that TUNSETOFFLOAD accepts. Every offload requires {@link Offloads#CSUM}, ECN requires
     * TSO4 or TSO6, USO4 and USO6 require each other, and tunnels require an inner segmentation offload. It is for callers that handle the
     * other offloads themselves; {@link #offloads} sets exactly the given mask or fails.
     *
     * @param wanted a mask of {@link Offloads}
     * @return a mask that satisfies the kernel's rules; the running kernel may still not support all of it
     */
    public static int settable(int wanted) {
        if ((wanted & Offloads.CSUM) == 0) {
            return 0;
        }
        int mask = wanted;
        if ((mask & ANY_TSO) == 0) {
            mask &= ~Offloads.ECN;
        }
        if ((mask & USO) != USO) {
            mask &= ~USO;
        }
        if ((mask & (ANY_TSO | USO)) == 0) {
            mask &= ~Offloads.UDP_TUNNEL;
        }
        return (mask & Offloads.UDP_TUNNEL) != 0 ? mask : mask & ~Offloads.UDP_TUNNEL_CSUM;
    }

    /**
     * Sets the offloads of frames that the TAP may deliver to this program (TUNSETOFFLOAD); the setting applies to all queues. Frames that
     * this program writes are not affected. Frames that are already queued are not changed.
     *
     * @param mask mask of {@link Offloads}
     * @throws SystemError when the mask violates the kernel's rules, or the kernel does not support an offload; then nothing changes
     */
    public void offloads(int mask) {
        String attempt = "cannot set the offloads of TAP " + name + " to " + text(mask);
        if ((mask & ~Offloads.ALL_WITH_TUNNELS) != 0) {
            throw SystemError.explained(
                    attempt + ": 0x" + Integer.toHexString(mask) + " has unknown bits", Errno.EINVAL);
        }
        if (settable(mask) != mask) {
            throw SystemError.explained(attempt + ": " + brokenRule(mask), Errno.EINVAL);
        }
        int result = LibC.ioctl(fd.number(), TUNSETOFFLOAD, mask);
        if (result == -Errno.EINVAL) {
            throw SystemError.explained(attempt + ": this kernel does not support all of it", Errno.EINVAL);
        }
        SystemError.check(result, attempt);
    }

    private static String brokenRule(int mask) {
        if ((mask & Offloads.CSUM) == 0) {
            return "everything needs CSUM";
        }
        if ((mask & USO) != 0 && (mask & USO) != USO) {
            return "USO4 and USO6 go together";
        }
        if ((mask & Offloads.ECN) != 0 && (mask & ANY_TSO) == 0) {
            return "ECN needs TSO4 or TSO6";
        }
        return (mask & Offloads.UDP_TUNNEL) == 0
                ? "UDP_TUNNEL_CSUM needs UDP_TUNNEL"
                : "UDP_TUNNEL needs TSO4, TSO6 or USO";
    }

    private static String text(int mask) {
        if ((mask & Offloads.ALL_WITH_TUNNELS) == 0) {
            return "plain frames";
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < OFFLOAD_NAMES.length; i++) {
            if ((mask & (1 << i)) != 0) {
                text.append(text.isEmpty() ? "" : "|").append(OFFLOAD_NAMES[i]);
            }
        }
        return text.toString();
    }

    /**
     * Returns the interface's name.
     *
     * @return the name that the kernel reports
     */
    public String name() {
        return name;
    }

    /**
     * Returns the descriptor for reading and writing frames.
     *
     * @return the descriptor, still owned by this object
     */
    public Fd fd() {
        return fd;
    }

    /** Closes this queue; later calls do nothing. */
    @Override
    public void close() {
        fd.close();
    }
}
