// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.fuzz.ByteList;
import org.vhost4j.fuzz.CollectingPort;
import org.vhost4j.fuzz.FuzzInput;
import org.vhost4j.fuzz.FuzzTarget;
import org.vhost4j.fuzz.GuardedMemory;

/** Fuzz target: a sequence of frames. Coalesced and cut again, they must equal the input byte for byte and in order. */
public final class CoalescerTarget implements FuzzTarget {
    private static final int MOST_FRAMES = 60;
    private static final int MOST_BYTES = 1 << 18;

    private final GuardedMemory memory = new GuardedMemory(MOST_BYTES);
    private final GuardedMemory again = new GuardedMemory(1 << 17);
    private final OffloadEngine engine = new OffloadEngine();
    private final CollectingPort port = new CollectingPort();
    private final CollectingPort before = new CollectingPort();
    private final CollectingPort after = new CollectingPort();

    /** Creates the target. */
    public CoalescerTarget() {}

    @Override
    public String name() {
        return "coalescer";
    }

    @Override
    public List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(9);
        for (int i = 0; i < 12; i++) {
            ByteList to = new ByteList().u16(0x7f);
            for (byte[] segment : segments(random)) {
                to.u16(segment.length).u8(0).u16(0).u16(0).all(segment);
            }
            seeds.add(to.bytes());
        }
        return seeds;
    }

    /** Segments with complete checksums of a super-frame that a coalescer would put together again. */
    private List<byte[]> segments(SplittableRandom random) {
        SuperFrame packet = SuperFrame.random(random, 600, 3, false);
        packet.tcpFlags = 0x10;
        packet.ecn = false;
        packet.ipv4Options = new byte[0];
        packet.extensions = new int[0];
        packet.rerouted = false;
        packet.finalDestination = packet.destination;
        packet.build();
        Frame frame = new Frame();
        byte[] bytes = packet.bytes();
        frame.add(memory.atTheEnd(bytes).address(), bytes.length);
        packet.writeHeader(frame);
        before.begin(0, false);
        FuzzTarget.require(engine.deliver(frame, before) == FramePort.DELIVERED, "a seed is not cut");
        return List.copyOf(before.bytes());
    }

    @Override
    public void run(byte[] bytes) {
        FuzzInput input = new FuzzInput(bytes);
        int flags = input.u16();
        boolean counts = (flags & 0x8000) != 0;
        port.begin((flags & Offloads.ALL) | Offloads.CSUM, counts);
        before.begin(0, false);
        after.begin(0, false);
        Coalescer coalescer = new Coalescer(port, engine);
        long at = memory.segment().address();
        for (int i = 0; i < MOST_FRAMES && input.left() > 0; i++) {
            int length = input.u16() & 0x7ff;
            Frame frame = new Frame();
            frame.flags = input.u8() & Frame.NEEDS_CSUM;
            frame.checksumStart = input.u16();
            frame.checksumOffset = input.u16();
            byte[] data = Arrays.copyOf(input.take(length), length);
            if (data.length < Frame.ETHERNET_HEADER || !memory.contains(at, data.length)) {
                continue;
            }
            MemorySegment.copy(
                    MemorySegment.ofArray(data),
                    0,
                    memory.segment(),
                    at - memory.segment().address(),
                    data.length);
            frame.add(at, data.length);
            at += data.length;
            if (engine.check(frame, Offloads.CSUM) != null) {
                continue;
            }
            FuzzTarget.require(engine.deliver(frame, before) == FramePort.DELIVERED, "a plain frame is refused");
            FuzzTarget.require(coalescer.offer(frame) == FramePort.DELIVERED, "a plain frame is not taken");
        }
        coalescer.close();
        if (!counts) {
            compare();
        }
    }

    private void compare() {
        for (int i = 0; i < port.bytes().size(); i++) {
            byte[] bytes = port.bytes().get(i);
            Frame frame = new Frame();
            frame.header(port.headers().get(i));
            frame.add(again.atTheEnd(bytes).address(), bytes.length);
            FuzzTarget.require(engine.check(frame, Offloads.ALL) == null, "what was put together breaks a rule");
            FuzzTarget.require(engine.deliver(frame, after) == FramePort.DELIVERED, "it cannot be cut again");
        }
        FuzzTarget.require(
                before.bytes().size() == after.bytes().size(),
                "%d frames became %d"
                        .formatted(before.bytes().size(), after.bytes().size()));
        for (int i = 0; i < before.bytes().size(); i++) {
            byte[] was = before.bytes().get(i);
            byte[] is = after.bytes().get(i);
            FuzzTarget.require(
                    Arrays.equals(was, is),
                    "frame %d was %s and became %s"
                            .formatted(
                                    i,
                                    HexFormat.of().formatHex(was),
                                    HexFormat.of().formatHex(is)));
        }
    }

    @Override
    public void close() {
        memory.close();
        again.close();
    }
}
