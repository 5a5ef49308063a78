// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.vhost4j.device.Pollable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.memory.HostMemory;

/**
 * Sends the same plain frame to a guest as fast as the guest makes receive buffers available, to measure the receive
 * rate of a guest. The frame is a broadcast frame with an EtherType for local experiments (0x88b5), so that no network
 * stack responds to it.
 */
public final class FrameSource implements Pollable {
    private static final int BURST = 64;
    private static final int LOCAL_EXPERIMENT = 0x88b5;

    private final FramePort to;
    private final MemorySegment memory;
    private final Frame frame = new Frame();
    private final FrameBurst burst = new FrameBurst();

    /**
     * Creates a source of frames for one port.
     *
     * @param to the port that receives the frames
     * @param bytes the frame's size, 14 to 65535
     */
    public FrameSource(FramePort to, int bytes) {
        if (bytes < Frame.ETHERNET_HEADER || bytes > 65535) {
            throw new IllegalArgumentException("a frame has 14 to 65535 bytes, not " + bytes);
        }
        this.to = to;
        memory = Arena.ofAuto().allocate(bytes, 64);
        memory.asSlice(0, 6).fill((byte) 0xff);
        HostMemory.putShortBE(memory.address() + 6, 0x0200);
        HostMemory.putShortBE(memory.address() + 12, LOCAL_EXPERIMENT);
        frame.add(memory.address(), bytes);
        burst.fill(memory.address(), bytes);
    }

    @Override
    public int poll() {
        int delivered = to.deliver(burst, 0, FrameBurst.CAPACITY);
        if (delivered == FrameBurst.CAPACITY) {
            delivered += to.deliver(burst, 0, FrameBurst.CAPACITY);
        }
        while (delivered < BURST && to.deliver(frame) == FramePort.DELIVERED) {
            delivered++;
        }
        if (delivered != 0) {
            to.flush();
        }
        return delivered;
    }

    @Override
    public boolean arm() {
        // The receiving device enables notifications itself when it has no buffers.
        return false;
    }

    @Override
    public void disarm() {}

    @Override
    public void fault(String reason) {
        // The receiver reports its own fault. Reading the frame cannot fault, because it is in this process's own
        // memory.
    }

    @Override
    public String name() {
        return "source for " + to.name();
    }
}
