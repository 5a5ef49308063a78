// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.capture;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.vhost4j.fuzz.ByteList;
import org.vhost4j.fuzz.FuzzInput;
import org.vhost4j.fuzz.FuzzTarget;
import org.vhost4j.fuzz.GuardedMemory;

/** A capture's filter and a frame: two bytes with the length of the expression, the expression, the rest is the frame. */
public final class FilterTarget implements FuzzTarget {
    private static final int MOST_FRAME = 4096;

    private final GuardedMemory memory = new GuardedMemory(MOST_FRAME);

    @Override
    public String name() {
        return "filter";
    }

    @Override
    public List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>();
        for (String filter : List.of(
                "arp or icmp or icmp6",
                "tcp port 80 and not src host 10.0.0.1",
                "(udp dst port 53 || ip6 net 2001:db8::/32) && !vlan 7",
                "ether src 52:54:00:00:00:01 or ether host 52:54:00:00:00:02",
                "arp dst net 192.0.2.0/24 and vlan",
                "ip " + "or ip ".repeat(500))) {
            for (int type : new int[] {0x0800, 0x86dd, 0x0806, 0x8100}) {
                ByteList seed = new ByteList();
                byte[] text = filter.getBytes(StandardCharsets.US_ASCII);
                seed.u16(text.length).all(text).all(new byte[12]).u8(type >>> 8).u8(type & 0xff);
                seed.all(new byte[] {0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 80, 0, 80});
                seed.all(new byte[40]);
                seeds.add(seed.bytes());
            }
        }
        return seeds;
    }

    @Override
    public void run(byte[] bytes) {
        FuzzInput input = new FuzzInput(bytes);
        String expression = new String(input.take(input.u16()), StandardCharsets.ISO_8859_1);
        byte[] frame = input.take(MOST_FRAME);
        CaptureFilter filter;
        try {
            filter = CaptureFilter.parse(expression);
        } catch (IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            FuzzTarget.require(message.startsWith("column "), message);
            return;
        }
        MemorySegment at = memory.atTheEnd(frame);
        boolean matches = filter.matches(at.address(), frame.length);
        FuzzTarget.require(matches == filter.matches(at.address(), frame.length), "another answer for the same frame");
    }

    @Override
    public void close() {
        memory.close();
    }
}
