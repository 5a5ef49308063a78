// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.offload.Frames;

class CaptureFilterTest {
    private static final String MACS = "525400000002" + "525400000001";
    private static final String ADDRESSES4 = "0a000001" + "0a0000fe";
    private static final String PORTS = "30390050";

    private static final String TCP4 =
            MACS + "0800" + "45000028000040004006" + "0000" + ADDRESSES4 + PORTS + "0000000000000000500000000000";
    private static final String UDP4_TAGGED =
            MACS + "81000005" + "0800" + "4500001c000040004011" + "0000" + ADDRESSES4 + PORTS + "00080000";
    private static final String FRAGMENT4 =
            MACS + "0800" + "4500001c000000b94011" + "0000" + ADDRESSES4 + PORTS + "00080000";
    private static final String ICMP4 =
            MACS + "0800" + "4500001c000040004001" + "0000" + ADDRESSES4 + "0800000000000000";
    private static final String ARP =
            MACS + "0806" + "0001080006040001" + "525400000001" + "0a000001" + "000000000000" + "0a0000fe";
    private static final String ADDRESSES6 = "fd000000000000000000000000000001" + "fd0000000000000100000000000000fe";
    /** A UDP packet with hop-by-hop options. */
    private static final String UDP6 =
            MACS + "86dd" + "6000000000100040" + ADDRESSES6 + "1100010400000000" + PORTS + "00080000";

    private static final String ICMP6 = MACS + "86dd" + "6000000000083aff" + ADDRESSES6 + "8000000000000000";
    private static final String LLDP = "0180c200000e" + "525400000001" + "88cc" + "00".repeat(40);

    @AutoClose
    private final Arena arena = Arena.ofConfined();

    private boolean matches(String filter, String packet) {
        return CaptureFilter.parse(filter).matches(frame(packet, 1));
    }

    private Frame frame(String packet, int pieces) {
        Frame frame = new Frame();
        Frames.scatter(arena, frame, HexFormat.of().parseHex(packet), new SplittableRandom(1), pieces);
        return frame;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            // The expected matches, in the order tcp4, tagged udp4, fragment, icmp4, arp, udp6, icmp6, lldp.
            textBlock = """
                arp                                 | ....A...
                ip                                  | TUFI....
                ip6                                 | .....67.
                tcp                                 | T.......
                udp                                 | .UF..6..
                icmp                                | ...I....
                icmp6                               | ......7.
                vlan                                | .U......
                vlan 5                              | .U......
                vlan 6                              | ........
                host 10.0.0.1                       | TUFIA...
                src 10.0.0.1                        | TUFIA...
                src host 10.0.0.254                 | ........
                dst host 10.0.0.254                 | TUFIA...
                ip host 10.0.0.1                    | TUFI....
                arp host 10.0.0.254                 | ....A...
                host fd00::1                        | .....67.
                dst fd00::1                         | ........
                ip6 dst host fd00:0:0:1::fe         | .....67.
                net 10.0.0.0/24                     | TUFIA...
                net 10.0.0.0/31                     | TUFIA...
                src net 10.0.0.128/25               | ........
                dst net 10.0.0.128/25               | TUFIA...
                net 0.0.0.0/0                       | TUFIA...
                net ::/0                            | .....67.
                src net fd00::/64                   | .....67.
                dst net fd00::/64                   | ........
                dst net fd00:0:0:1::80/121          | .....67.
                port 80                             | TU...6..
                dst port 80                         | TU...6..
                src port 80                         | ........
                src port 12345                      | TU...6..
                tcp port 80                         | T.......
                udp dst port 80                     | .U...6..
                ether host 52:54:00:00:00:01        | TUFIA678
                ether dst 52:54:00:00:00:02         | TUFIA67.
                ether src host 52:54:00:00:00:02    | ........
                not ip                              | ....A678
                !ip&&!ip6                           | ....A..8
                not (ip or ip6)                     | ....A..8
                tcp or udp and port 80              | TU...6..
                arp or (tcp and port 80)            | T...A...
                not not arp                         | ....A...
                """)
    void termsMatchWhatTheySay(String filter, String expected) {
        String[] packets = {TCP4, UDP4_TAGGED, FRAGMENT4, ICMP4, ARP, UDP6, ICMP6, LLDP};
        StringBuilder matched = new StringBuilder();
        for (int i = 0; i < packets.length; i++) {
            boolean whole = matches(filter, packets[i]);
            assertThat(CaptureFilter.parse(filter).matches(frame(packets[i], 7)))
                    .as("in pieces")
                    .isEqualTo(whole);
            matched.append(whole ? "TUFIA678".charAt(i) : '.');
        }
        assertThat(matched).hasToString(expected);
    }

    @Test
    void framesThatEndEarlyMatchNothingBeyondTheirEnd() {
        CaptureFilter any = CaptureFilter.parse("port 80 or host 10.0.0.1 or host fd00::1 or port 12345");
        for (String packet : new String[] {TCP4, UDP4_TAGGED, ARP, UDP6}) {
            byte[] bytes = HexFormat.of().parseHex(packet);
            for (int length = 14; length < bytes.length; length++) {
                // The headers are complete only from some length on. In shorter frames the filter must not see fields
                // of an earlier frame.
                assertThat(any.matches(frame(packet, 1))).isTrue();
                Frame cut = frame(packet.substring(0, 2 * length), 1);
                boolean addresses = length
                        >= (packet.equals(UDP6) ? 54 : packet.equals(UDP4_TAGGED) ? 38 : packet.equals(ARP) ? 42 : 34);
                assertThat(any.matches(cut))
                        .as("%s bytes of %s", length, packet)
                        .isEqualTo(addresses);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        ''                     | column 1: the filter is empty
        foo                    | column 1: 'foo' is not a term of a filter
        tcp and                | column 8: expected a term, such as 'host ADDRESS' or 'tcp'
        tcp udp                | column 5: expected 'and' or 'or' instead of 'udp'
        (tcp or udp            | column 12: expected ')'
        tcp)                   | column 4: expected 'and' or 'or' instead of ')'
        tcp & udp              | column 5: expected 'and' or 'or' instead of '&'
        host                   | column 5: expected an address
        host example.org       | column 6: 'example.org' is not an IP address, and names are not resolved
        host 10.0.0            | column 6: '10.0.0' is not an IP address, and names are not resolved
        host 10.0.0.256        | column 6: '10.0.0.256' is not an IP address, and names are not resolved
        ip6 host 10.0.0.1      | column 10: '10.0.0.1' is an address of IPv4
        arp host fd00::1       | column 10: 'fd00::1' is an address of IPv6
        net 10.0.0.0           | column 5: a net is ADDRESS/BITS, '10.0.0.0' has no bits
        net 10.0.0.0/33        | column 14: a net has 0 to 32 bits, not '33'
        net 10.0.0.1/24        | column 5: '10.0.0.1/24' has bits set after the first 24
        port http              | column 6: a port is a number from 0 to 65535, not 'http'
        port 65536             | column 6: a port is a number from 0 to 65535, not '65536'
        tcp host 10.0.0.1      | column 5: expected 'and' or 'or' instead of 'host'
        tcp src host 10.0.0.1  | column 9: expected 'port' instead of 'host'
        ip port 80             | column 4: expected 'and' or 'or' instead of 'port'
        src                    | column 4: expected 'host', 'net' or 'port'
        src tcp                | column 5: 'tcp' is not an IP address, and names are not resolved
        ether 52:54:00:00:00:01| column 7: expected 'host', 'src' or 'dst' after 'ether'
        vlan 4096              | column 6: a VLAN is a number from 0 to 4095, not '4096'
        """)
    void whatIsWrongIsSaidWithItsColumn(String filter, String message) {
        assertThatThrownBy(() -> CaptureFilter.parse(filter))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void levelsAreLimited() {
        assertThat(matches("!".repeat(98) + "tcp", TCP4)).isTrue();
        assertThatThrownBy(() -> CaptureFilter.parse("(".repeat(5000)))
                .hasMessageStartingWith("column 101: more than 100 levels");
    }

    @Test
    void termsAreLimited() {
        assertThat(matches("arp" + " or arp".repeat(998) + " or tcp", TCP4)).isTrue();
        assertThatThrownBy(() -> CaptureFilter.parse("tcp" + " or tcp".repeat(30_000)))
                .hasMessage("column 7001: more than 1000 terms");
    }
}
