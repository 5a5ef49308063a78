// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.tap;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.Pollable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.frame.LandingPort;
import org.vhost4j.sys.Await;

/**
 * A sink that records copies of the test's frames and ignores all others, which the host's stack may send at any time.
 */
public final class Capture implements FrameSink {
    /** A frame as it came. */
    @SuppressWarnings("ArrayRecordComponent") // never compared as a whole
    public record Kept(byte[] bytes, int flags, int gsoType, int gsoSize, int checksumStart, int checksumOffset) {}

    public final List<Kept> kept = new ArrayList<>();
    public int refusals;
    int flushes;

    @Nullable
    LandingPort receiver;

    static byte[] copy(Frame frame) {
        byte[] bytes = new byte[frame.bytes];
        int at = 0;
        for (int i = 0; i < frame.pieces; i++) {
            MemorySegment piece = MemorySegment.ofAddress(frame.address[i]).reinterpret(frame.length[i]);
            MemorySegment.copy(piece, ValueLayout.JAVA_BYTE, 0, bytes, at, frame.length[i]);
            at += frame.length[i];
        }
        return bytes;
    }

    void keep(Frame frame, byte[] bytes) {
        if (Packet.isOurs(bytes)) {
            kept.add(new Kept(
                    bytes, frame.flags, frame.gsoType, frame.gsoSize, frame.checksumStart, frame.checksumOffset));
        }
    }

    @Override
    public int forward(FramePort from, Frame frame) {
        byte[] bytes = copy(frame);
        if (Packet.isOurs(bytes) && refusals > 0) {
            refusals--;
            return FramePort.NO_ROOM;
        }
        keep(frame, bytes);
        return FramePort.DELIVERED;
    }

    @Override
    public void flush() {
        flushes++;
    }

    @Override
    public @Nullable LandingPort soleReceiver(FramePort from) {
        return receiver;
    }

    /** Polls until the given number of the test's frames has arrived. */
    public List<Kept> await(Pollable port, int frames) {
        Await.until(() -> kept.size() + " of " + frames + " frames came", Await.PATIENCE, () -> {
            int moved = port.poll();
            while (moved > 0 && kept.size() < frames) {
                moved = port.poll();
            }
            return kept.size() >= frames;
        });
        List<Kept> came = List.copyOf(kept);
        kept.clear();
        return came;
    }
}
