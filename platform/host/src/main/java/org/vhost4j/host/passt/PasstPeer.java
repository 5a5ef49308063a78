// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.passt;

import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.offload.LargeSegments;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.host.stream.StreamPeer;

/**
 * Converts frames to and from passt. passt terminates TCP connections itself, so the segments on its socket may have any length that fits
 * an IP packet. A TCP super-frame is sent to passt as one packet, or as two if it is longer than {@value #LONGEST} bytes. Long packets from
 * passt become super-frames for guests whose MSS is shorter. A UDP super-frame that would be sent as IP fragments (UFO) is sent as one
 * datagram.
 */
public final class PasstPeer implements StreamPeer {
    /** The maximum length of a frame in bytes; passt closes the connection after a longer one. */
    public static final int LONGEST = 65_535;

    private final OffloadEngine engine;
    private final LargeSegments segments = new LargeSegments();
    private final Frame whole = new Frame();

    /**
     * Creates the peer of a port.
     *
     * @param engine offload engine of the port's lane; it converts the frames to passt and counts the conversions
     */
    public PasstPeer(OffloadEngine engine) {
        this.engine = engine;
    }

    @Override
    public int accepts() {
        return Offloads.CSUM | Offloads.TSO4 | Offloads.TSO6 | Offloads.ECN | Offloads.UFO;
    }

    @Override
    public int longest() {
        return LONGEST;
    }

    @Override
    public int deliver(Frame frame, FramePort stream) {
        if (frame.gsoType == Frame.GSO_NONE) {
            return engine.deliver(segments.raise(frame), stream);
        }
        if (frame.gsoType == Frame.GSO_UDP) {
            // passt drops fragments, so the datagram is sent as one packet.
            whole.copy(frame);
            whole.gsoType = Frame.GSO_NONE;
            whole.needs = Offloads.CSUM;
            return engine.deliver(whole, stream);
        }
        return engine.deliverWhole(frame, LONGEST, stream);
    }

    @Override
    public void received(Frame frame) {
        segments.toSuperFrame(frame);
        if (frame.needs == 0) {
            // passt has computed the checksums, and no network is in between.
            frame.flags = Frame.DATA_VALID;
        }
    }
}
