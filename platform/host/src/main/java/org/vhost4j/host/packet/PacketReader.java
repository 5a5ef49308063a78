// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.packet;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.device.stats.PortDrop;
import org.vhost4j.host.port.IncomingFrame;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.HotCalls;

/**
 * Reads frames from a packet socket: one recvmsg(2) for each frame, into a buffer. The kernel passes a VLAN tag separately from the frame
 * (packet(7), PACKET_AUXDATA); the reader inserts the tag again, and adjusts the offsets in the virtio-net header.
 */
final class PacketReader {
    private static final int TAG = 4;
    private static final int ADDRESSES = 12;

    private static final int MSG_TRUNC = 0x20;
    private static final int SOL_PACKET = 263;
    private static final int PACKET_AUXDATA = 8;
    private static final int PACKET_OUTGOING = 4;

    /** tp_status: vlan_tci is valid. */
    private static final int VLAN_VALID = 1 << 4;
    /** tp_status: vlan_tpid is valid; otherwise the tag is an 802.1Q C-tag. */
    private static final int TPID_VALID = 1 << 6;

    private static final int C_TAG = 0x8100;

    // struct msghdr, and the structures to which it points.
    private static final int NAME = 0;
    private static final int NAME_LENGTH = 8;
    private static final int VECTOR = 16;
    private static final int VECTOR_LENGTH = 24;
    private static final int CONTROL = 32;
    private static final int CONTROL_LENGTH = 40;
    private static final int FLAGS = 48;
    private static final int MESSAGE_BYTES = 56;
    private static final int VECTOR_BYTES = 32;
    private static final int ADDRESS_BYTES = 20;
    private static final int PACKET_TYPE = 10;
    private static final int CONTROL_BYTES = 128;

    // struct cmsghdr, and struct tpacket_auxdata after it.
    private static final int CMSG_HEADER = 16;
    private static final int AUXDATA_BYTES = 20;
    private static final int AUXDATA_TCI = 16;
    private static final int AUXDATA_TPID = 18;

    private final PortCounters counters;
    private final IncomingFrame incoming;
    private final OffloadEngine engine;

    private final MemorySegment errno = Arena.ofAuto().allocate(HotCalls.ERRNO);
    private final MemorySegment message =
            Arena.ofAuto().allocate(MESSAGE_BYTES + VECTOR_BYTES + ADDRESS_BYTES + 4L, Long.BYTES);
    private final MemorySegment control = Arena.ofAuto().allocate(CONTROL_BYTES, Long.BYTES);
    private final MemorySegment header = Arena.ofAuto().allocate(NetHeader.BYTES, Long.BYTES);

    /** The buffer: room for a tag, then the frame. */
    private final MemorySegment buffer = Arena.ofAuto().allocate(TAG + Frame.MAX_BYTES, 64);

    private final Frame staged;
    private int fd;

    PacketReader(int fd, IncomingFrame incoming, PortCounters counters, OffloadEngine engine) {
        this.fd = fd;
        this.incoming = incoming;
        this.staged = incoming.frame;
        this.counters = counters;
        this.engine = engine;
        long vector = message.address() + MESSAGE_BYTES;
        message.set(ValueLayout.JAVA_LONG, NAME, vector + VECTOR_BYTES);
        message.set(ValueLayout.JAVA_LONG, VECTOR, vector);
        message.set(ValueLayout.JAVA_LONG, VECTOR_LENGTH, 2);
        message.set(ValueLayout.JAVA_LONG, CONTROL, control.address());
        HostMemory.putLongLE(vector, header.address());
        HostMemory.putLongLE(vector + 8, PacketSocket.HEADER_BYTES);
        HostMemory.putLongLE(vector + 16, buffer.address() + TAG);
        HostMemory.putLongLE(vector + 24, Frame.MAX_BYTES);
    }

    /** Switches to another descriptor. A frame that waits for room keeps waiting. */
    void fd(int another) {
        fd = another;
    }

    /** Returns the address of memory for a frame that another process has handed over. */
    long memory() {
        return buffer.address();
    }

    /** Reads and forwards one frame. */
    int read() {
        if (incoming.waits()) {
            return incoming.offer();
        }
        message.set(ValueLayout.JAVA_INT, NAME_LENGTH, ADDRESS_BYTES);
        message.set(ValueLayout.JAVA_LONG, CONTROL_LENGTH, CONTROL_BYTES);
        int result = HotCalls.recvmsg(errno, fd, message.address(), 0);
        if (result == -Errno.EAGAIN || result == -Errno.EINTR) {
            return IncomingFrame.EMPTY;
        }
        if (result == -Errno.ENETDOWN || result == -Errno.EBADF) {
            return IncomingFrame.GONE;
        }
        int length = result - PacketSocket.HEADER_BYTES;
        if (result < 0) {
            // The kernel cannot express the frame in the header (EINVAL), such as a super-frame in a tunnel, or is out
            // of memory.
            return drop(PortDrop.READ_FAILED);
        }
        if (length < Frame.ETHERNET_HEADER) {
            return drop(PortDrop.RUNT);
        }
        if ((message.get(ValueLayout.JAVA_INT, FLAGS) & MSG_TRUNC) != 0) {
            return drop(PortDrop.CUT);
        }
        if (HostMemory.getByte(message.address() + MESSAGE_BYTES + VECTOR_BYTES + PACKET_TYPE) == PACKET_OUTGOING) {
            return IncomingFrame.MOVED;
        }
        return stage(length);
    }

    private int drop(PortDrop reason) {
        counters.drop(reason);
        return IncomingFrame.MOVED;
    }

    private int stage(int length) {
        staged.clear();
        NetHeader.read(header.address(), staged);
        long tag = tag();
        long at = buffer.address() + TAG;
        int whole = length;
        if (tag >= 0) {
            if (length + TAG > Frame.MAX_BYTES) {
                return drop(PortDrop.CUT);
            }
            HostMemory.copy(at, at - TAG, ADDRESSES);
            at -= TAG;
            whole += TAG;
            HostMemory.putIntBE(at + ADDRESSES, (int) tag);
            staged.headerLength += staged.headerLength == 0 ? 0 : TAG;
            staged.checksumStart += (staged.flags & Frame.NEEDS_CSUM) == 0 ? 0 : TAG;
        }
        if (!staged.add(at, whole) || engine.check(staged, Offloads.ALL_WITH_TUNNELS | OffloadEngine.TRUSTED) != null) {
            return drop(PortDrop.BAD_HEADER);
        }
        return incoming.pass();
    }

    /** Returns the VLAN tag that came with the frame, TPID in the upper 16 bits and TCI in the lower; -1 when there is none. */
    private long tag() {
        long from = control.address();
        long left = message.get(ValueLayout.JAVA_LONG, CONTROL_LENGTH);
        if (left < CMSG_HEADER + AUXDATA_BYTES
                || HostMemory.getIntLE(from + 8) != SOL_PACKET
                || HostMemory.getIntLE(from + 12) != PACKET_AUXDATA) {
            return -1;
        }
        int status = HostMemory.getIntLE(from + CMSG_HEADER);
        if ((status & VLAN_VALID) == 0) {
            return -1;
        }
        int tpid = (status & TPID_VALID) == 0 ? C_TAG : HostMemory.getShortLE(from + CMSG_HEADER + AUXDATA_TPID);
        return (long) tpid << 16 | HostMemory.getShortLE(from + CMSG_HEADER + AUXDATA_TCI);
    }
}
