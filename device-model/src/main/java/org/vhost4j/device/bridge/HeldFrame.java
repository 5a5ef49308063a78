// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.device.memory.HostMemory;

/**
 * A copy of a frame that is not delivered yet when a back-end hands its guests over to another back-end.
 *
 * @param port number of the destination or source port
 * @param frame the frame, in one piece
 * @param memory the memory of header and bytes, allocated for this object
 */
public record HeldFrame(int port, Frame frame, MemorySegment memory) {
    /**
     * Copies a frame.
     *
     * @param port port number of the copy
     * @param frame the frame to copy
     * @return the copy, with the same header and the same number of delivered segments
     */
    public static HeldFrame copy(int port, Frame frame) {
        MemorySegment memory = Arena.ofAuto().allocate(NetHeader.TUNNEL_BYTES + (long) frame.bytes, Long.BYTES);
        NetHeader.write(memory.address(), NetHeader.BYTES, frame, 0);
        NetHeader.writeTunnel(memory.address(), frame);
        long to = memory.address() + NetHeader.TUNNEL_BYTES;
        int done = 0;
        for (int i = 0; done < frame.bytes; i++) {
            int part = Math.min(frame.length[i], frame.bytes - done);
            HostMemory.copy(frame.address[i], to + done, part);
            done += part;
        }
        return over(port, memory, frame.needs, frame.segmentsDone);
    }

    /**
     * Returns the same frame with another port number: the number that the port has in another back-end.
     *
     * @param elsewhere the port's number in the other back-end
     * @return a frame with the same memory
     */
    public HeldFrame at(int elsewhere) {
        return new HeldFrame(elsewhere, frame, memory);
    }

    /**
     * Creates a frame from the bytes that {@link #bytes} returned.
     *
     * @param port number of the destination or source port
     * @param bytes header and bytes of the frame
     * @param needs a mask of {@link org.vhost4j.device.frame.Offloads}
     * @param segmentsDone the number of segments that were delivered already
     * @return the frame
     * @throws IllegalArgumentException when there are too few or too many bytes
     */
    public static HeldFrame of(int port, byte[] bytes, int needs, int segmentsDone) {
        int length = bytes.length - NetHeader.TUNNEL_BYTES;
        if (length < Frame.ETHERNET_HEADER || length > Frame.MAX_BYTES) {
            throw new IllegalArgumentException("a frame of " + length + " bytes");
        }
        MemorySegment memory = Arena.ofAuto().allocate(bytes.length, Long.BYTES);
        MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return over(port, memory, needs, segmentsDone);
    }

    private static HeldFrame over(int port, MemorySegment memory, int needs, int segmentsDone) {
        Frame frame = new Frame();
        NetHeader.read(memory.address(), frame);
        NetHeader.readTunnel(memory.address(), frame);
        frame.needs = needs;
        frame.segmentsDone = segmentsDone;
        boolean fits =
                frame.add(memory.address() + NetHeader.TUNNEL_BYTES, (int) memory.byteSize() - NetHeader.TUNNEL_BYTES);
        assert fits;
        return new HeldFrame(port, frame, memory);
    }

    /**
     * Returns the header and the bytes of the frame.
     *
     * @return the bytes, for {@link #of}
     */
    public byte[] bytes() {
        return memory.toArray(ValueLayout.JAVA_BYTE);
    }
}
