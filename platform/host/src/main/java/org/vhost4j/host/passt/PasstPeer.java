// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.passt;

import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.offload.LargeSegments;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.host.stream.StreamPeer;

/**
 * Converts frames to and from passt, which terminates TCP connections itself, and exchanges segments of any length that
 * a packet can have. So a TCP super-frame is sent to it in one packet, or in two when it is longer than {@value
 * #LONGEST} bytes, and its long packets become super-frames for guests with shorter segments. A UDP super-frame to be
 * sent as IP fragments is sent as one datagram.
 */
public final class PasstPeer implements StreamPeer {
    /** The longest frame in bytes; passt ends its connection over a longer one. */
    public static final int LONGEST = 65_535;

    private final OffloadEngine engine;
    private final LargeSegments segments = new LargeSegments();
    private final Frame whole = new Frame();

    /**
     * Creates a peer without connections.
     *
     * @param engine engine of the port's lane, which counts the processing of frames to passt
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
