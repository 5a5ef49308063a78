// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import java.util.ArrayList;
import java.util.List;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.Offloads;

/** A port that records delivered frames and returns configured results. */
public class RecordingPort implements FramePort {
    /** A copy of a delivered frame. */
    public static final class Delivered {
        public final byte[] bytes;
        public final int flags;
        public final int gsoType;
        public final int gsoSize;
        public final int checksumStart;
        public final int checksumOffset;
        public final int outerTransportOffset;
        public final int innerNetworkOffset;
        public final int needs;
        public final int coalesced;
        public final int duplicateAcks;

        private Delivered(Frame frame) {
            bytes = Frames.bytes(frame);
            flags = frame.flags;
            gsoType = frame.gsoType;
            gsoSize = frame.gsoSize;
            checksumStart = frame.checksumStart;
            checksumOffset = frame.checksumOffset;
            outerTransportOffset = frame.outerTransportOffset;
            innerNetworkOffset = frame.innerNetworkOffset;
            needs = frame.needs;
            coalesced = frame.coalesced;
            duplicateAcks = frame.duplicateAcks;
        }
    }

    /** The delivered frames, in order. */
    public final List<Delivered> delivered = new ArrayList<>();
    /** The number of frames that are accepted before {@link #whenFull} is returned. */
    public int room = Integer.MAX_VALUE;

    int whenFull = NO_ROOM;
    int accepts;

    /** Creates a port with unlimited room that accepts a mask of {@link Offloads}. */
    public RecordingPort(int accepts) {
        this.accepts = accepts;
    }

    List<byte[]> bytes() {
        return delivered.stream().map(frame -> frame.bytes).toList();
    }

    @Override
    public int accepts() {
        return accepts;
    }

    @Override
    public int deliver(Frame frame) {
        if (room == 0) {
            return whenFull;
        }
        room--;
        delivered.add(new Delivered(frame));
        return DELIVERED;
    }

    @Override
    public void flush() {}

    @Override
    public String name() {
        return "recorder";
    }
}
