// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.xdp;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;

/**
 * The XDP program on an interface: it redirects frames of the queue that has a socket to that socket, and passes all
 * others to the host. It is attached by a BPF link, which the kernel removes when its last descriptor is closed: at the
 * latest when this process ends.
 */
final class XdpProgram implements AutoCloseable {
    private static final long SYS_BPF = System.getProperty("os.arch").equals("amd64") ? 321 : 280;

    // Commands of bpf(2).
    private static final int BPF_MAP_CREATE = 0;
    private static final int BPF_MAP_UPDATE_ELEM = 2;
    private static final int BPF_PROG_LOAD = 5;
    private static final int BPF_LINK_CREATE = 28;

    private static final int BPF_MAP_TYPE_XSKMAP = 17;
    private static final int BPF_PROG_TYPE_XDP = 6;
    private static final int BPF_XDP = 37;
    /** The program supports frames in several buffers. */
    private static final int BPF_F_XDP_HAS_FRAGS = 1 << 5;

    private static final int XDP_FLAGS_SKB_MODE = 1 << 1;
    private static final int XDP_FLAGS_DRV_MODE = 1 << 2;

    /** Size in bytes that is enough for the attributes of each command; the rest is zero. */
    private static final int ATTRIBUTES_BYTES = 128;

    private static final int XDP_PASS = 2;
    private static final int BPF_FUNC_REDIRECT_MAP = 51;
    /** Offset of rx_queue_index in struct xdp_md. */
    private static final int RX_QUEUE_INDEX = 16;

    private final Fd map;
    private final Fd program;
    private @Nullable Fd link;

    private XdpProgram(Fd map, Fd program) {
        this.map = map;
        this.program = program;
    }

    /**
     * Loads the program.
     *
     * @param queue number of the only queue that gets a socket
     * @param multiBuffer whether a frame may consist of several buffers
     * @throws SystemError when the kernel refuses it
     */
    static XdpProgram load(int queue, boolean multiBuffer) {
        Fd map = Fd.of(createMap(queue + 1), "cannot create the map of an XDP program");
        try {
            return new XdpProgram(
                    map, Fd.of(load(instructions(map.number()), multiBuffer), "cannot load an XDP program"));
        } catch (SystemError e) {
            map.close();
            throw e;
        }
    }

    private static int createMap(int entries) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(ATTRIBUTES_BYTES, Long.BYTES);
            attributes.set(ValueLayout.JAVA_INT, 0, BPF_MAP_TYPE_XSKMAP);
            attributes.set(ValueLayout.JAVA_INT, 4, Integer.BYTES);
            attributes.set(ValueLayout.JAVA_INT, 8, Integer.BYTES);
            attributes.set(ValueLayout.JAVA_INT, 12, entries);
            return permitted(bpf(BPF_MAP_CREATE, attributes));
        }
    }

    private static int load(long[] instructions, boolean multiBuffer) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(ATTRIBUTES_BYTES, Long.BYTES);
            attributes.set(ValueLayout.JAVA_INT, 0, BPF_PROG_TYPE_XDP);
            attributes.set(ValueLayout.JAVA_INT, 4, instructions.length);
            attributes.set(
                    ValueLayout.JAVA_LONG,
                    8,
                    arena.allocateFrom(ValueLayout.JAVA_LONG, instructions).address());
            attributes.set(
                    ValueLayout.JAVA_LONG, 16, arena.allocateFrom("Apache-2.0").address());
            attributes.set(ValueLayout.JAVA_INT, 44, multiBuffer ? BPF_F_XDP_HAS_FRAGS : 0);
            attributes.setString(48, "vhost4j");
            return permitted(bpf(BPF_PROG_LOAD, attributes));
        }
    }

    /**
     * Returns the program {@code return bpf_redirect_map(&map, context->rx_queue_index, XDP_PASS)}: if the map has no
     * socket for a queue, the third argument is the result (Linux 5.3).
     */
    static long[] instructions(int map) {
        return new long[] {
            // r2 = *(u32 *)(r1 + 16): BPF_LDX | BPF_MEM | BPF_W; r1 is the context.
            instruction(0x61, 2, 1, RX_QUEUE_INDEX, 0),
            // r1 = the map: BPF_LD | BPF_IMM | BPF_DW in two slots, with source 1 (BPF_PSEUDO_MAP_FD) for a descriptor.
            instruction(0x18, 1, 1, 0, map),
            instruction(0, 0, 0, 0, 0),
            // r3 = XDP_PASS: BPF_ALU64 | BPF_MOV | BPF_K.
            instruction(0xb7, 3, 0, 0, XDP_PASS),
            // r0 = bpf_redirect_map(r1, r2, r3): BPF_JMP | BPF_CALL.
            instruction(0x85, 0, 0, 0, BPF_FUNC_REDIRECT_MAP),
            // return r0: BPF_JMP | BPF_EXIT.
            instruction(0x95, 0, 0, 0, 0),
        };
    }

    /** Encodes struct bpf_insn: u8 code, u4 dst_reg and src_reg, s16 off, s32 imm, on a little-endian machine. */
    private static long instruction(int code, int to, int from, int offset, int immediate) {
        return code | (long) (from << 4 | to) << 8 | (offset & 0xffffL) << 16 | (long) immediate << 32;
    }

    /**
     * Attaches the program to an interface: in driver mode if supported, which runs the program before the kernel allocates an sk_buff.
     *
     * @param to the interface
     * @param driverOnly whether to fail if the driver mode is not supported
     * @return true when the program runs in driver mode
     * @throws SystemError when it cannot be attached
     */
    boolean attach(XdpInterface to, boolean driverOnly) {
        int result = createLink(to.number(), XDP_FLAGS_DRV_MODE);
        boolean driver = result >= 0;
        if (!driver && !driverOnly && result != -Errno.EBUSY && result != -Errno.EEXIST && result != -Errno.EPERM) {
            result = createLink(to.number(), XDP_FLAGS_SKB_MODE);
        }
        String attempt = "cannot attach an XDP program to " + to.name();
        link = switch (-result) {
            case Errno.EBUSY, Errno.EEXIST ->
                throw SystemError.explained(
                        attempt + ": it has one already, which 'ip link show " + to.name() + "' names", -result);
            case Errno.EOPNOTSUPP ->
                throw SystemError.explained(
                        attempt + ": its driver does not support XDP" + (driverOnly ? "; leave out mode=zerocopy" : ""),
                        -result);
            case Errno.EINVAL ->
                throw SystemError.explained(
                        attempt + ": the driver refuses one with these settings (MTU, LRO), or the kernel has no links "
                                + "for it (Linux 5.9)",
                        -result);
            default -> Fd.of(permitted(result), attempt);
        };
        return driver;
    }

    private int createLink(int index, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(ATTRIBUTES_BYTES, Long.BYTES);
            attributes.set(ValueLayout.JAVA_INT, 0, program.number());
            attributes.set(ValueLayout.JAVA_INT, 4, index);
            attributes.set(ValueLayout.JAVA_INT, 8, BPF_XDP);
            attributes.set(ValueLayout.JAVA_INT, 12, flags);
            return bpf(BPF_LINK_CREATE, attributes);
        }
    }

    /** Redirects the frames of a queue to a socket that is bound to the queue. */
    void redirect(int queue, Fd socket) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment key = arena.allocateFrom(ValueLayout.JAVA_INT, queue);
            MemorySegment value = arena.allocateFrom(ValueLayout.JAVA_INT, socket.number());
            MemorySegment attributes = arena.allocate(ATTRIBUTES_BYTES, Long.BYTES);
            attributes.set(ValueLayout.JAVA_INT, 0, map.number());
            attributes.set(ValueLayout.JAVA_LONG, 8, key.address());
            attributes.set(ValueLayout.JAVA_LONG, 16, value.address());
            SystemError.check(bpf(BPF_MAP_UPDATE_ELEM, attributes), "cannot redirect frames to an AF_XDP socket");
        }
    }

    private static int bpf(int command, MemorySegment attributes) {
        return LibC.syscall(SYS_BPF, command, attributes.address(), attributes.byteSize());
    }

    private static int permitted(int result) {
        if (result == -Errno.EPERM) {
            throw SystemError.explained(
                    "cannot use an XDP program: not permitted; it needs CAP_BPF and CAP_NET_ADMIN, "
                            + "before Linux 5.8 CAP_SYS_ADMIN",
                    Errno.EPERM);
        }
        return result;
    }

    @Override
    public void close() {
        if (link != null) {
            link.close();
        }
        program.close();
        map.close();
    }
}
