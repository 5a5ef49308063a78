// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.memory.HostMemory;

/**
 * Speaks for a guest that has migrated here and cannot announce itself (SEND_RARP): a reverse ARP request with its address
 * (RFC 903) teaches the bridges where it is now.
 */
final class Announcer {
    private static final int BYTES = 60;
    private static final int RARP = 0x8035;
    private static final int REVERSE_REQUEST = 3;

    private final FramePort port;
    private final FrameSink sink;
    private final MemorySegment memory = Arena.ofAuto().allocate(BYTES, 8);
    private final Frame frame = new Frame();

    Announcer(FramePort port, FrameSink sink) {
        this.port = port;
        this.sink = sink;
    }

    void announce(byte[] mac) {
        memory.fill((byte) 0);
        memory.asSlice(0, 6).fill((byte) 0xff);
        long at = memory.address();
        HostMemory.putShortBE(at + 12, RARP);
        HostMemory.putShortBE(at + 14, 1);
        HostMemory.putShortBE(at + 16, 0x0800);
        HostMemory.putShortBE(at + 18, 0x0604);
        HostMemory.putShortBE(at + 20, REVERSE_REQUEST);
        for (int field : new int[] {6, 22, 32}) {
            MemorySegment.copy(mac, 0, memory, ValueLayout.JAVA_BYTE, field, mac.length);
        }
        frame.clear();
        frame.add(at, BYTES);
        sink.forward(port, frame);
        sink.flush();
    }
}
