// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.packet;

import java.util.ArrayList;
import java.util.List;
import org.vhost4j.device.net.Frame;
import org.vhost4j.device.net.NetPort;

/** A port that keeps what it is given, and answers as it is told. */
class RecordingPort implements NetPort {
    /** A frame as it was delivered. */
    static final class Delivered {
        final byte[] bytes;
        final int flags;
        final int gsoType;
        final int gsoSize;
        final int checksumStart;
        final int checksumOffset;
        final int needs;

        private Delivered(Frame frame) {
            bytes = Frames.bytes(frame);
            flags = frame.flags;
            gsoType = frame.gsoType;
            gsoSize = frame.gsoSize;
            checksumStart = frame.checksumStart;
            checksumOffset = frame.checksumOffset;
            needs = frame.needs;
        }
    }

    final List<Delivered> delivered = new ArrayList<>();
    /** How many frames fit before {@link #whenFull} is the answer. */
    int room = Integer.MAX_VALUE;

    int whenFull = NO_ROOM;
    int accepts;

    RecordingPort(int accepts) {
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
    public int poll() {
        return 0;
    }

    @Override
    public boolean arm() {
        return false;
    }

    @Override
    public void disarm() {}

    @Override
    public void fault(String reason) {
        throw new IllegalStateException(reason);
    }

    @Override
    public String name() {
        return "recorder";
    }
}
