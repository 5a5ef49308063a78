// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.memory.HostMemory;

/**
 * Creates super-frames with the layout that they have in a Linux guest's memory: the headers in one piece, the payload in scattered pages.
 */
final class SuperFrames {
    private static final int PAGE = 4096;
    private static final int PAGES = 64;
    private static final int ETHERNET = 14;

    private final MemorySegment headers;
    private final MemorySegment pages;
    private final int[] order = new int[PAGES];

    /** The kinds of super-frames, whose names are parameters of benchmarks. */
    enum Kind {
        TCPV4(Frame.GSO_TCPV4, 20, 20, 6, 16),
        TCPV6(Frame.GSO_TCPV6, 40, 20, 6, 16),
        UDP_L4(Frame.GSO_UDP_L4, 20, 8, 17, 6);

        private final int gsoType;
        private final int ipBytes;
        private final int transportBytes;
        private final int protocol;
        private final int checksumOffset;

        Kind(int gsoType, int ipBytes, int transportBytes, int protocol, int checksumOffset) {
            this.gsoType = gsoType;
            this.ipBytes = ipBytes;
            this.transportBytes = transportBytes;
            this.protocol = protocol;
            this.checksumOffset = checksumOffset;
        }
    }

    SuperFrames(Arena arena) {
        headers = arena.allocate(256, 64);
        pages = arena.allocate((long) PAGE * PAGES, PAGE);
        SplittableRandom random = new SplittableRandom(1);
        for (long i = 0; i < pages.byteSize(); i += 8) {
            HostMemory.putLongLE(pages.address() + i, random.nextLong());
        }
        for (int i = 0; i < PAGES; i++) {
            // Each piece is in a different page, in an order that a prefetcher cannot predict.
            order[i] = i * 37 % PAGES;
        }
    }

    /** Sets the pieces of a frame. Call {@link #header} afterwards. */
    void layOut(Frame frame, Kind kind, int payload) {
        long at = headers.address();
        boolean ipv4 = kind.ipBytes == 20;
        headers.fill((byte) 0);
        HostMemory.putShortBE(at + 12, ipv4 ? 0x0800 : 0x86dd);
        long ip = at + ETHERNET;
        if (ipv4) {
            HostMemory.putShortBE(ip, 0x4500);
            HostMemory.putShortBE(ip + 6, 0x4000);
            HostMemory.putShortBE(ip + 8, 0x4000 | kind.protocol);
            HostMemory.putIntBE(ip + 12, 0x0a000001);
            HostMemory.putIntBE(ip + 16, 0x0a000002);
        } else {
            HostMemory.putByte(ip, 0x60);
            HostMemory.putShortBE(ip + 6, kind.protocol << 8 | 64);
            HostMemory.putIntBE(ip + 8, 0xfd000000);
            HostMemory.putIntBE(ip + 20, 1);
            HostMemory.putIntBE(ip + 24, 0xfd000000);
            HostMemory.putIntBE(ip + 36, 2);
        }
        if (kind.transportBytes == 20) {
            HostMemory.putShortBE(ip + kind.ipBytes + 12, 0x5018);
        }
        frame.clear();
        frame.add(at, ETHERNET + kind.ipBytes + kind.transportBytes);
        int left = payload;
        for (int i = 0; left > 0; i++) {
            int part = Math.min(left, PAGE);
            frame.add(pages.address() + (long) order[i] * PAGE, part);
            left -= part;
        }
    }

    /** Writes the virtio-net header, which the engine normalises in place. */
    void header(Frame frame, Kind kind, int mss) {
        frame.clearHeader();
        frame.flags = Frame.NEEDS_CSUM;
        frame.gsoType = kind.gsoType;
        frame.gsoSize = mss;
        frame.headerLength = ETHERNET + kind.ipBytes + kind.transportBytes;
        frame.checksumStart = ETHERNET + kind.ipBytes;
        frame.checksumOffset = kind.checksumOffset;
    }
}
