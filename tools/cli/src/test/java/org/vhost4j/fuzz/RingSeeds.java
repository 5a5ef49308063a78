// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz;

import java.util.ArrayList;
import java.util.List;
import org.vhost4j.device.ring.RingLayout;

/** Inputs of {@link RingTarget} in which chains are taken and used. */
final class RingSeeds {
    private RingSeeds() {}

    static List<byte[]> of(RingLayout layout) {
        List<byte[]> seeds = new ArrayList<>();
        for (int flags = 0; flags < 32; flags += 5) {
            seeds.add(direct(layout, flags, 3));
        }
        seeds.add(direct(layout, 2, 0));
        seeds.add(indirect(layout));
        seeds.add(several(layout));
        return seeds;
    }

    /** Two descriptors in one chain. */
    private static byte[] direct(RingLayout layout, int flags, int size) {
        ByteList to = new ByteList().u8(flags).u8(size);
        descriptor(to, layout, 0, 0x2100, 7, 1, 1);
        descriptor(to, layout, 1, 0x2200, 9, 2, 0);
        offer(to, layout, 0, 1);
        offer(to, layout, 1, 2);
        to.u8(5).u8(1).u8(8).u8(0).u8(9).u8(10);
        offer(to, layout, 1, 2);
        to.u8(15).u8(5).u8(1).u8(5).u8(1).u8(8).u8(9).u8(11).u8(14);
        return to.bytes();
    }

    private static byte[] indirect(RingLayout layout) {
        ByteList to = new ByteList().u8(2).u8(3);
        to.u8(13).u8(0);
        fields(to, layout, 0x3000, 9, 1, 1);
        to.u8(13).u8(1);
        fields(to, layout, 0x3100, 9, 2, 0);
        // 32 bytes of table in the third page.
        to.u8(0).u8(0).u8(4).u16(0x2000).u8(4);
        tail(to, layout, 4, 0);
        offer(to, layout, 0, 4);
        to.u8(5).u8(1).u8(8).u8(1).u8(9);
        return to.bytes();
    }

    private static byte[] several(RingLayout layout) {
        ByteList to = new ByteList().u8(0).u8(5);
        for (int i = 0; i < 6; i++) {
            descriptor(to, layout, i, 0x2000 + 16 * i, 9, 2, 0);
        }
        for (int i = 0; i < 6; i++) {
            offer(to, layout, i, 2);
        }
        to.u8(7).u8(0x21).u8(8).u8(9).u8(7).u8(0x43).u8(9).u8(7).u8(0x21).u8(9);
        return to.bytes();
    }

    private static void descriptor(
            ByteList to, RingLayout layout, int index, int address, int length, int flags, int following) {
        to.u8(0).u8(index);
        fields(to, layout, address, length, flags, following);
    }

    private static void fields(ByteList to, RingLayout layout, int address, int length, int flags, int following) {
        to.u8(4).u16(address).u8(length);
        if ((length & 1) != 0) {
            to.u16(100 + length);
        }
        tail(to, layout, flags, following);
    }

    private static void tail(ByteList to, RingLayout layout, int flags, int following) {
        if (layout == RingLayout.SPLIT) {
            to.u8(flags).u8(following);
        } else {
            to.u8(0).u8(flags).u8(0);
        }
    }

    private static void offer(ByteList to, RingLayout layout, int head, int flags) {
        to.u8(2).u8(layout == RingLayout.SPLIT ? head : flags);
    }
}
