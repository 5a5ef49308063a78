// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.xdp;

import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.device.stats.PortDrop;
import org.vhost4j.host.port.IncomingFrame;

/**
 * Reads frames from an AF_XDP socket. Frames are forwarded directly from the chunks into which the kernel has written them; then the chunks
 * are returned to the kernel.
 */
final class XdpReader {
    private static final int CHUNK = XdpSocket.CHUNK;

    private final XdpSocket socket;
    private final IncomingFrame incoming;
    private final PortCounters counters;

    /** Number of RX ring entries of the frame that is being forwarded. */
    private int entries;

    private boolean unpublished;

    XdpReader(XdpSocket socket, IncomingFrame incoming, PortCounters counters) {
        this.socket = socket;
        this.incoming = incoming;
        this.counters = counters;
    }

    /** Reads and forwards one frame. */
    int read() {
        int result = incoming.waits() ? incoming.offer() : next();
        if (result == IncomingFrame.MOVED) {
            recycle();
        }
        return result;
    }

    private int next() {
        XdpRing rx = socket.rx;
        if (rx.ready(1) == 0) {
            return IncomingFrame.EMPTY;
        }
        Frame frame = incoming.frame;
        frame.clear();
        // There is no virtio-net header, so the frame needs no offload.
        frame.needs = 0;
        entries = 0;
        boolean fits = true;
        // The kernel publishes all entries of a frame at once.
        boolean more = true;
        while (more) {
            int length = rx.length(entries);
            fits &= length == 0 || frame.add(socket.address(rx.address(entries)), length);
            more = (rx.options(entries) & XdpRing.CONTINUED) != 0;
            entries++;
        }
        if (!fits || frame.bytes > Frame.MAX_BYTES) {
            counters.drop(PortDrop.CUT);
            return IncomingFrame.MOVED;
        }
        if (frame.bytes < Frame.ETHERNET_HEADER) {
            counters.drop(PortDrop.RUNT);
            return IncomingFrame.MOVED;
        }
        return incoming.pass();
    }

    private void recycle() {
        for (int i = 0; i < entries; i++) {
            // The fill ring has as many entries as there are chunks.
            socket.fill.put(socket.rx.address(i) & -CHUNK);
        }
        socket.rx.advance(entries);
        entries = 0;
        unpublished = true;
    }

    /** Ends a burst. */
    void flush() {
        if (unpublished) {
            unpublished = false;
            socket.rx.publish();
            socket.fill.publish();
            if (socket.fill.needsWakeup()) {
                socket.wakeReceiver();
            }
        }
    }
}
