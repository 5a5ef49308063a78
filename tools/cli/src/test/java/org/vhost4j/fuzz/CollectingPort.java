// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz;

import java.util.ArrayList;
import java.util.List;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.LandingPort;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.offload.Frames;

/**
 * A receiver that reads every byte of its frames, provides buffers, and checks that it receives only frames that it
 * accepts.
 */
public final class CollectingPort implements LandingPort {
    private static final int BUFFER = 1500;
    private static final int ROOM = 1 << 20;
    private static final int MOST_FRAMES = 1 << 16;

    private final GuardedMemory memory = new GuardedMemory(ROOM);
    private final List<byte[]> plain = new ArrayList<>();
    private final List<Frame> landed = new ArrayList<>();
    private int accepts;
    private int used;
    private int frames;
    /** The number of frames that are taken before it is full. */
    private int room = Integer.MAX_VALUE;

    private boolean counts;

    /** Creates a port without offloads. */
    public CollectingPort() {}

    /**
     * Resets the port.
     *
     * @param takes accepted offloads, a mask of {@link Offloads}
     * @param countsThem whether the driver receives the number of coalesced segments
     */
    public void begin(int takes, boolean countsThem) {
        accepts = takes;
        counts = countsThem;
        room = Integer.MAX_VALUE;
        used = 0;
        frames = 0;
        plain.clear();
        landed.clear();
    }

    /**
     * Limits the frames that the port accepts from now on.
     *
     * @param most maximum number of frames
     */
    public void room(int most) {
        room = most;
    }

    /**
     * Returns the received frames.
     *
     * @return the bytes of each, in order
     */
    public List<byte[]> bytes() {
        return plain;
    }

    /**
     * Returns the received frames with their headers; those received by {@code deliver} no longer have pieces.
     *
     * @return as many as {@link #bytes()}
     */
    public List<Frame> headers() {
        return landed;
    }

    @Override
    public String name() {
        return "collector";
    }

    @Override
    public int accepts() {
        return accepts;
    }

    @Override
    public int deliver(Frame frame) {
        if (room == 0) {
            return NO_ROOM;
        }
        room--;
        FuzzTarget.require(++frames < MOST_FRAMES, "a frame became more than " + MOST_FRAMES);
        check(frame);
        take(frame);
        return DELIVERED;
    }

    private void check(Frame frame) {
        int type = frame.gsoType & ~(Frame.GSO_ECN | Frame.GSO_UDP_TUNNEL);
        FuzzTarget.require(
                (frame.flags & Frame.NEEDS_CSUM) == 0 || (accepts & Offloads.CSUM) != 0, "a checksum is missing");
        int wanted = switch (type) {
            case Frame.GSO_NONE -> 0;
            case Frame.GSO_TCPV4 -> Offloads.TSO4;
            case Frame.GSO_TCPV6 -> Offloads.TSO6;
            case Frame.GSO_UDP -> Offloads.UFO;
            case Frame.GSO_UDP_L4 -> Offloads.USO4 | Offloads.USO6;
            default -> throw new AssertionError("type " + frame.gsoType);
        };
        FuzzTarget.require(wanted == 0 || (accepts & wanted) != 0, "a super-frame that is not accepted");
        FuzzTarget.require(frame.bytes <= Frame.MAX_BYTES, "a frame of " + frame.bytes + " bytes");
        if ((frame.flags & Frame.NEEDS_CSUM) != 0) {
            FuzzTarget.require(
                    frame.checksumStart + frame.checksumOffset + 2 <= frame.bytes, "a checksum outside of its frame");
        }
    }

    private void take(Frame frame) {
        plain.add(Frames.bytes(frame));
        Frame header = new Frame();
        header.header(frame);
        landed.add(header);
    }

    @Override
    public boolean countsSegments() {
        return counts;
    }

    @Override
    public boolean reserve(Frame landing, int atLeast) {
        landing.clear();
        return extend(landing, atLeast);
    }

    @Override
    public boolean reserve(Frame landing, Frame frame) {
        return reserve(landing, frame.bytes);
    }

    @Override
    public boolean extend(Frame landing, int atLeast) {
        while (landing.bytes < atLeast) {
            if (used + BUFFER > ROOM || !landing.add(memory.segment().address() + ROOM - BUFFER - used, BUFFER)) {
                return false;
            }
            used += BUFFER;
        }
        return true;
    }

    @Override
    public void commit(Frame landing, int bytes) {
        Frame frame = new Frame();
        for (int i = 0; frame.bytes < bytes; i++) {
            frame.add(landing.address[i], Math.min(landing.length[i], bytes - frame.bytes));
        }
        frame.header(landing);
        check(frame);
        take(frame);
    }

    @Override
    public void discard(Frame landing) {
        landing.clear();
    }

    @Override
    public void flush() {}
}
