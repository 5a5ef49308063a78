// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.offload.Frames;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.offload.SuperFrame;

/**
 * Fuzz target: a virtio-net header with its packet, which is validated, and then forwarded unchanged, completed or cut
 * for a receiver.
 */
final class OffloadTarget implements FuzzTarget {
    private static final int MOST_BYTES = 1 << 17;
    private static final int MOST_ROUNDS = 1 << 17;

    private final GuardedMemory memory = new GuardedMemory(MOST_BYTES);
    private final GuardedMemory header = new GuardedMemory(4096);
    private final CollectingPort port = new CollectingPort();
    private final OffloadEngine engine = new OffloadEngine();
    private final Frame frame = new Frame();

    @Override
    public String name() {
        return "offload";
    }

    @Override
    public List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 12; i++) {
            SuperFrame packet = SuperFrame.random(random, 400, 3, false);
            seeds.add(seed(i % 2 == 0 ? 0 : 0x1ff, head(packet), packet.bytes()));
        }
        return seeds;
    }

    private byte[] head(SuperFrame packet) {
        Frame described = new Frame();
        packet.writeHeader(described);
        described.bytes = packet.bytes().length;
        MemorySegment at = header.segment();
        NetHeader.write(at.address(), NetHeader.LEGACY_BYTES, described, 0);
        return at.asSlice(0, NetHeader.LEGACY_BYTES).toArray(ValueLayout.JAVA_BYTE);
    }

    private static byte[] seed(int accepts, byte[] header, byte[] packet) {
        return new ByteList()
                .u16(accepts)
                .u16(0x1ff)
                .u8(3)
                .u8(1)
                .u16(0)
                .u16(0)
                .all(header)
                .all(packet)
                .bytes();
    }

    @Override
    public void run(byte[] bytes) {
        FuzzInput input = new FuzzInput(bytes);
        int accepts = input.u16() & Offloads.ALL_WITH_TUNNELS;
        int allowed = input.u16() & Offloads.ALL_WITH_TUNNELS;
        int pieces = input.u8();
        int room = input.u8();
        int outerTransport = input.u16();
        int innerNetwork = input.u16();
        byte[] head = new byte[NetHeader.LEGACY_BYTES];
        byte[] given = input.take(head.length);
        System.arraycopy(given, 0, head, 0, given.length);
        byte[] packet = input.take(input.left());
        if (packet.length < Frame.ETHERNET_HEADER || packet.length > Frame.MAX_BYTES) {
            return;
        }
        frame.clear();
        NetHeader.read(header.atTheEnd(head).address(), frame);
        frame.flags &= Frame.NEEDS_CSUM;
        frame.outerTransportOffset = outerTransport;
        frame.innerNetworkOffset = innerNetwork;
        scatter(packet, pieces);
        if (engine.check(frame, allowed) != null) {
            return;
        }
        port.begin(accepts, false);
        deliver(room);
        FuzzTarget.require(Arrays.equals(Frames.bytes(frame), packet), "the sender's bytes were changed");
    }

    /** Each piece ends where the next one begins, and the last one at the guard. */
    private void scatter(byte[] packet, int pieces) {
        MemorySegment at = memory.atTheEnd(packet);
        int most = Math.min(1 + pieces * 4, Math.min(packet.length, Frame.MAX_PIECES));
        int each = packet.length / most;
        for (int i = 0; i < most; i++) {
            int begin = i * each;
            frame.add(at.address() + begin, i == most - 1 ? packet.length - begin : each);
        }
    }

    private void deliver(int room) {
        int result = FramePort.NO_ROOM;
        for (int round = 0; result == FramePort.NO_ROOM; round++) {
            FuzzTarget.require(round < MOST_ROUNDS, "no end with room for " + room + " at a time");
            int before = port.bytes().size();
            port.room(1 + room);
            result = engine.deliver(frame, port);
            FuzzTarget.require(
                    result != FramePort.NO_ROOM || port.bytes().size() > before, "there was room, and nothing came");
        }
        FuzzTarget.require(result == FramePort.DELIVERED || result == FramePort.REFUSED, "the answer was " + result);
    }

    @Override
    public void close() {
        memory.close();
        header.close();
    }
}
