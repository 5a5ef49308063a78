// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.stream;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.offload.Frames;
import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.fuzz.ByteList;
import org.vhost4j.fuzz.CollectingPort;
import org.vhost4j.fuzz.FuzzInput;
import org.vhost4j.fuzz.FuzzTarget;
import org.vhost4j.host.port.IncomingFrame;
import org.vhost4j.sys.IoVector;
import org.vhost4j.sys.SocketPair;

/** The bytes of a peer of {@code --port stream}, which arrive in pieces of the input's choice. */
public final class StreamTarget implements FuzzTarget {
    private static final int MOST_PIECE = 30_000;

    private final CollectingPort port = new CollectingPort();
    private final List<byte[]> frames = new ArrayList<>();

    @Override
    public String name() {
        return "stream";
    }

    @Override
    public List<byte[]> seeds() {
        byte[] frame = new byte[60];
        Arrays.fill(frame, (byte) 7);
        ByteList whole = new ByteList().u16(64).all(new byte[] {0, 0, 0, 60}).all(frame);
        ByteList pieces =
                new ByteList().u16(3).all(new byte[] {0, 0, 0}).u16(40).u8(60).all(frame);
        ByteList wrong = new ByteList().u16(8).all(new byte[] {0, 0, 0, 2, 1, 2, (byte) 0x80, 0});
        ByteList most = new ByteList().u16(8).all(new byte[] {0, 1, 0, 0x3c, 1, 2, 3, 4});
        return List.of(whole.bytes(), pieces.bytes(), wrong.bytes(), most.bytes());
    }

    @Override
    public void run(byte[] bytes) {
        frames.clear();
        FrameSink sink = new FrameSink() {
            @Override
            public int forward(FramePort from, Frame frame) {
                frames.add(Frames.bytes(frame));
                return FramePort.DELIVERED;
            }

            @Override
            public int forward(FramePort from, FrameBurst burst) {
                throw new AssertionError("frames come one by one");
            }

            @Override
            public void flush() {}
        };
        ByteList sent = new ByteList();
        int last = IncomingFrame.EMPTY;
        try (SocketPair pair = SocketPair.create()) {
            pair.first().setNonBlocking();
            StreamReader reader = new StreamReader(
                    StreamPeer.PLAIN, new IncomingFrame(port, new PortCounters(), sink), new PortCounters());
            reader.open(pair.first().number());
            FuzzInput input = new FuzzInput(bytes);
            while (input.left() > 0 && last != IncomingFrame.GONE) {
                byte[] piece = input.take(Math.min(MOST_PIECE, input.u16()));
                send(pair, piece);
                sent.all(piece);
                do {
                    last = reader.read();
                } while (last == IncomingFrame.MOVED);
            }
            if (last == IncomingFrame.GONE) {
                FuzzTarget.requireLine(reader.reason());
            }
        }
        compare(ByteBuffer.wrap(sent.bytes()).order(ByteOrder.BIG_ENDIAN), last == IncomingFrame.GONE);
    }

    private static void send(SocketPair pair, byte[] piece) {
        if (piece.length > 0) {
            try (var arena = java.lang.foreign.Arena.ofConfined()) {
                var memory = arena.allocate(piece.length);
                memory.copyFrom(java.lang.foreign.MemorySegment.ofArray(piece));
                IoVector vector = new IoVector();
                vector.set(0, memory.address(), piece.length);
                FuzzTarget.require(vector.write(pair.second().number(), 1) == piece.length, "the socket is full");
            }
        }
    }

    /** What a reader without a buffer makes of the same bytes. */
    private void compare(ByteBuffer all, boolean gone) {
        int number = 0;
        while (all.remaining() >= Integer.BYTES) {
            int length = all.getInt();
            if (length < 0 || length > Frame.MAX_BYTES) {
                FuzzTarget.require(gone, "a length of " + length + " is taken");
                break;
            }
            if (all.remaining() < length) {
                break;
            }
            byte[] frame = new byte[length];
            all.get(frame);
            if (length >= Frame.ETHERNET_HEADER) {
                FuzzTarget.require(
                        number < frames.size() && Arrays.equals(frames.get(number), frame),
                        "frame " + number + " is another");
                number++;
            }
        }
        FuzzTarget.require(number == frames.size(), number + " frames, not " + frames.size());
    }
}
