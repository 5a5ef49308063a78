// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.xdp;

import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.HotCalls;

/** Writes frames to an AF_XDP socket: each frame is copied into chunks of the lower half of the UMEM, and one system call sends a burst. */
final class XdpWriter {
    private static final int CHUNK = XdpSocket.CHUNK;
    /** Maximum number of chunks of a frame: an sk_buff has no more fragments (MAX_SKB_FRAGS). */
    private static final int MOST_CHUNKS = (Frame.MAX_BYTES + CHUNK - 1) / CHUNK;
    /** Maximum number of sendmsg(2) calls for a full TX ring; each call sends at least 16 frames. */
    private static final int MOST_CALLS = XdpSocket.FRAMES / 16;

    private final XdpSocket socket;
    private final int[] free = new int[XdpSocket.FRAMES];
    private int count;
    private boolean unpublished;

    XdpWriter(XdpSocket socket) {
        this.socket = socket;
        for (int i = 0; i < XdpSocket.FRAMES; i++) {
            free[count++] = i * CHUNK;
        }
    }

    /** Returns the length of the longest frame that fits the memory; the interface's MTU is another limit. */
    int longest() {
        return socket.multiBuffer() ? MOST_CHUNKS * CHUNK : CHUNK;
    }

    /** Returns whether there is room for a frame now. */
    boolean hasRoom(int bytes) {
        int chunks = (bytes + CHUNK - 1) / CHUNK;
        if (count < chunks) {
            reclaim();
        }
        return count >= chunks && socket.tx.ready(chunks) >= chunks;
    }

    private void reclaim() {
        XdpRing done = socket.completion;
        int n = done.ready(XdpSocket.FRAMES);
        for (int i = 0; i < n; i++) {
            free[count++] = (int) (done.address(i) & -CHUNK);
        }
        done.advance(n);
        done.publish();
    }

    /** Copies a frame for which there is room; {@link #flush} makes it visible to the kernel. */
    void write(Frame frame) {
        int piece = 0;
        int used = 0;
        int left = frame.bytes;
        int chunks = 0;
        // Copies all bytes first: if their memory is lost, no chunk is used.
        while (left > 0) {
            long at = socket.address(free[count - 1 - chunks]);
            int room = Math.min(CHUNK, left);
            left -= room;
            chunks++;
            while (room > 0) {
                int part = Math.min(room, frame.length[piece] - used);
                HostMemory.copy(frame.address[piece] + used, at, part);
                at += part;
                room -= part;
                used += part;
                if (used == frame.length[piece]) {
                    piece++;
                    used = 0;
                }
            }
        }
        HotCalls.checkpoint();
        for (int i = 1; i <= chunks; i++) {
            int bytes = i < chunks ? CHUNK : frame.bytes - (chunks - 1) * CHUNK;
            count--;
            socket.tx.put(free[count], bytes, i < chunks ? XdpRing.CONTINUED : 0);
        }
        unpublished = true;
    }

    /** Ends a burst; returns 0, or a positive errno if frames could not be sent and wait. */
    int flush() {
        if (unpublished) {
            unpublished = false;
            socket.tx.publish();
        }
        return socket.tx.needsWakeup() ? send() : 0;
    }

    /** Returns whether there are frames that the kernel has not sent yet. */
    boolean waits() {
        return socket.tx.outstanding() != 0;
    }

    /** Makes the kernel send waiting frames; returns 0, or a positive errno if frames could not be sent and wait. */
    int send() {
        int before = socket.tx.outstanding();
        for (int i = 0; i < MOST_CALLS && before != 0; i++) {
            int result = socket.send();
            int after = socket.tx.outstanding();
            // EAGAIN is also returned when a call has sent its maximum number of frames.
            if (result != 0 && (result != -Errno.EAGAIN || after == before)) {
                return -result;
            }
            before = after;
        }
        return 0;
    }
}
