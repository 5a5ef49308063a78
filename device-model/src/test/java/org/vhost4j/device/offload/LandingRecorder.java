// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.LandingPort;

/** A {@link RecordingPort} that reserves buffers of random sizes, in total never more than requested. */
final class LandingRecorder extends RecordingPort implements LandingPort {
    private final Arena arena;
    private final SplittableRandom random;
    /** The total size in bytes of the buffers that are left. */
    int buffers = Integer.MAX_VALUE;

    /** Whether the receiver's header contains the segment counts of super-frames. */
    boolean countsSegments;

    private boolean reserved;

    LandingRecorder(int accepts, Arena arena, SplittableRandom random) {
        super(accepts);
        this.arena = arena;
        this.random = random;
    }

    @Override
    public boolean countsSegments() {
        return countsSegments;
    }

    @Override
    public int deliver(Frame frame) {
        if (reserved) {
            throw new IllegalStateException("a delivery before the commit");
        }
        if (frame.bytes > buffers) {
            return NO_ROOM;
        }
        buffers -= frame.bytes;
        return super.deliver(frame);
    }

    @Override
    public boolean reserve(Frame landing, int atLeast) {
        return false;
    }

    @Override
    public boolean reserve(Frame landing, Frame frame) {
        if (reserved) {
            throw new IllegalStateException("a reservation before the commit");
        }
        landing.clear();
        reserved = extendTo(landing, frame.bytes);
        return reserved;
    }

    @Override
    public boolean extend(Frame landing, int atLeast) {
        return extendTo(landing, atLeast);
    }

    private boolean extendTo(Frame landing, int atLeast) {
        while (landing.bytes < atLeast) {
            int size = 1 + random.nextInt(2000);
            if (landing.bytes + size > buffers
                    || !landing.add(arena.allocate(size).address(), size)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void discard(Frame landing) {
        throw new IllegalStateException("a coalescer does not discard");
    }

    @Override
    public void commit(Frame landing, int bytes) {
        if (!reserved) {
            throw new IllegalStateException("a commit without reservation");
        }
        reserved = false;
        buffers -= bytes;
        Frame frame = new Frame();
        for (int i = 0; frame.bytes < bytes; i++) {
            frame.add(landing.address[i], Math.min(landing.length[i], bytes - frame.bytes));
        }
        frame.flags = landing.flags;
        frame.gsoType = landing.gsoType;
        frame.gsoSize = landing.gsoSize;
        frame.headerLength = landing.headerLength;
        frame.checksumStart = landing.checksumStart;
        frame.checksumOffset = landing.checksumOffset;
        frame.coalesced = landing.coalesced;
        frame.duplicateAcks = landing.duplicateAcks;
        super.deliver(frame);
    }
}
