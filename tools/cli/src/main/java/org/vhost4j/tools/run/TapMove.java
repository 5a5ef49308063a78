// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.bridge.HeldFrame;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.host.tap.TapDevice;
import org.vhost4j.host.tap.TapPort;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.handover.StateWriter;

/**
 * The state of a TAP that is handed over to another back-end: the queue itself, and a frame that the port held.
 *
 * @param queue the TAP's queue
 * @param headerBytes length of the header before each frame
 * @param offloads the kernel's setting, a mask of {@link org.vhost4j.device.frame.Offloads}
 * @param held a frame that was read and not forwarded; null for none
 */
record TapMove(
        Fd queue, int headerBytes, int offloads, @Nullable HeldFrame held) {
    /** Writes a port's state. */
    static void save(TapPort port, StateWriter to) {
        TapDevice device = port.device();
        to.descriptor(device.fd()).number(device.headerBytes()).number(port.receiveOffloads());
        FrameMove.save(port.held(), to);
    }

    /** Reads a port's state. */
    static TapMove read(StateReader state) throws HandOverException {
        Fd queue = state.descriptor();
        if (queue == null) {
            throw new HandOverException("a TAP was handed over without its queue");
        }
        try {
            int header = state.number();
            if (header != NetHeader.BYTES && header != NetHeader.TUNNEL_BYTES) {
                throw new HandOverException("a TAP came with headers of " + header + " bytes");
            }
            int offloads = state.number();
            return new TapMove(queue, header, offloads, FrameMove.read("a TAP", state));
        } catch (HandOverException e) {
            queue.close();
            throw e;
        }
    }
}
