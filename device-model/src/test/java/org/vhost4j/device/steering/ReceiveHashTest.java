// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.steering;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.offload.Frames;

/**
 * Compares the hash with the test vectors that Microsoft publishes for receive-side scaling, in every type of packet
 * with their addresses.
 */
class ReceiveHashTest {
    private static final byte[] KEY =
            HexFormat.of().parseHex("6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa");
    private static final int TCP = 6;
    private static final int UDP = 17;

    private final ReceiveHash hash = new ReceiveHash();
    private final Frame frame = new Frame();

    private static byte[] address(String text) {
        try {
            return InetAddress.getByName(text).getAddress();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    private static byte[] ports(int source, int destination) {
        return ByteBuffer.allocate(4)
                .putShort((short) source)
                .putShort((short) destination)
                .array();
    }

    private static byte[] join(byte[]... parts) {
        int bytes = 0;
        for (byte[] part : parts) {
            bytes += part.length;
        }
        ByteBuffer all = ByteBuffer.allocate(bytes);
        for (byte[] part : parts) {
            all.put(part);
        }
        return all.array();
    }

    private static byte[] ethernet(int type, byte[]... rest) {
        ByteBuffer header = ByteBuffer.allocate(14);
        header.putShort(12, (short) type);
        return join(header.array(), join(rest));
    }

    private static byte[] ipv4(
            int protocol, int options, int fragment, String source, String destination, byte[] rest) {
        ByteBuffer header = ByteBuffer.allocate(20 + options);
        header.put(0, (byte) (0x40 | (20 + options) / 4));
        header.putShort(6, (short) fragment);
        header.put(9, (byte) protocol);
        header.put(12, address(source));
        header.put(16, address(destination));
        return join(header.array(), rest);
    }

    private static byte[] ipv6(int next, String source, String destination, byte[]... rest) {
        ByteBuffer header = ByteBuffer.allocate(40);
        header.put(0, (byte) 0x60);
        header.put(6, (byte) next);
        header.put(8, address(source));
        header.put(24, address(destination));
        return join(header.array(), join(rest));
    }

    private void look(int types, byte[] bytes) {
        look(types, bytes, 1, 0);
    }

    private void look(int types, byte[] bytes, int pieces, long seed) {
        hash.configure(types, KEY);
        frame.clear();
        try (Arena arena = Arena.ofConfined()) {
            Frames.scatter(arena, frame, bytes, new SplittableRandom(seed), pieces);
            hash.look(frame);
        }
    }

    private void assertHash(int report, String value) {
        assertThat(hash.report).isEqualTo(report);
        assertThat(Integer.toHexString(hash.value)).isEqualTo(value);
    }

    @ParameterizedTest
    @CsvSource({
        "66.9.149.187, 2794, 161.142.100.80, 1766, 323e8fc2, 51ccc178",
        "199.92.111.2, 14230, 65.69.140.83, 4739, d718262a, c626b0ea",
        "24.19.198.95, 12898, 12.22.207.184, 38024, d2d0a5de, 5c2b394a",
        "38.27.205.30, 48228, 209.142.163.6, 2217, 82989176, afc7327f",
        "153.39.163.191, 44251, 202.188.127.2, 1303, 5d1809c5, 10e828a2"
    })
    void ipv4Vectors(String source, int from, String destination, int to, String addresses, String withPorts) {
        byte[] tcp = ethernet(0x0800, ipv4(TCP, 0, 0x4000, source, destination, ports(from, to)));
        byte[] udp = ethernet(0x0800, ipv4(UDP, 0, 0, source, destination, ports(from, to)));
        look(HashTypes.ALL, tcp);
        assertHash(2, withPorts);
        look(HashTypes.ALL, udp);
        assertHash(3, withPorts);
        look(HashTypes.ALL & ~HashTypes.UDPV4, udp);
        assertHash(1, addresses);
        look(HashTypes.IPV4, tcp);
        assertHash(1, addresses);
        look(HashTypes.ALL & ~HashTypes.IPV4 & ~HashTypes.TCPV4, tcp);
        assertHash(0, "0");
        byte[] tags = HexFormat.of().parseHex("88a80001810000020800");
        look(HashTypes.ALL, join(new byte[12], tags, Arrays.copyOfRange(tcp, 14, tcp.length)));
        assertHash(2, withPorts);
        look(HashTypes.ALL, ethernet(0x0800, ipv4(TCP, 40, 0, source, destination, ports(from, to))));
        assertHash(2, withPorts);
        look(HashTypes.ALL, ethernet(0x0800, ipv4(TCP, 0, 0x2000, source, destination, ports(from, to))));
        assertHash(1, addresses);
        look(HashTypes.ALL, ethernet(0x0800, ipv4(TCP, 0, 0x0010, source, destination, ports(from, to))));
        assertHash(1, addresses);
    }

    @ParameterizedTest
    @CsvSource({
        "3ffe:2501:200:1fff::7, 2794, 3ffe:2501:200:3::1, 1766, 2cc18cd5, 40207d3d",
        "3ffe:501:8::260:97ff:fe40:efab, 14230, ff02::1, 4739, f0c461c, dde51bbf",
        "3ffe:1900:4545:3:200:f8ff:fe21:67cf, 44251, fe80::200:f8ff:fe21:67cf, 38024, 4b61e985, 2d1feef"
    })
    void ipv6Vectors(String source, int from, String destination, int to, String addresses, String withPorts) {
        byte[] ports = ports(from, to);
        look(HashTypes.ALL, ethernet(0x86dd, ipv6(TCP, source, destination, ports)));
        assertHash(5, withPorts);
        look(HashTypes.ALL, ethernet(0x86dd, ipv6(UDP, source, destination, ports)));
        assertHash(6, withPorts);
        look(HashTypes.IPV6, ethernet(0x86dd, ipv6(UDP, source, destination, ports)));
        assertHash(4, addresses);

        byte[] hopByHop = HexFormat.of().parseHex("0600000000000000");
        byte[] extended = ethernet(0x86dd, ipv6(0, source, destination, hopByHop, ports));
        look(HashTypes.ALL, extended);
        assertHash(8, withPorts);
        look(HashTypes.ALL & ~HashTypes.TCP_EX, extended);
        assertHash(7, addresses);
        look(HashTypes.TCPV6 | HashTypes.IPV6, extended);
        assertHash(5, withPorts);

        // Destination options with a home address, a routing header of type 2.
        byte[] options = join(HexFormat.of().parseHex("2b02c910"), address(source), new byte[4]);
        byte[] routing = join(HexFormat.of().parseHex("1102020100000000"), address(destination));
        byte[] mobile = ethernet(0x86dd, ipv6(60, "2001:db8::1", "2001:db8::1", options, routing, ports));
        look(HashTypes.ALL, mobile);
        assertHash(9, withPorts);
        look(HashTypes.IP_EX, mobile);
        assertHash(7, addresses);
    }

    @Test
    void fragmentsHaveNoPorts() {
        byte[] first = HexFormat.of().parseHex("1100000100000001");
        look(
                HashTypes.ALL,
                ethernet(0x86dd, ipv6(44, "3ffe:2501:200:1fff::7", "3ffe:2501:200:3::1", first, ports(1, 2))));
        assertHash(7, "2cc18cd5");
        byte[] atomic = HexFormat.of().parseHex("1100000000000001");
        look(
                HashTypes.ALL,
                ethernet(0x86dd, ipv6(44, "3ffe:2501:200:1fff::7", "3ffe:2501:200:3::1", atomic, ports(2794, 1766))));
        assertHash(9, "40207d3d");
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 7, 20})
    void piecesDoNotMatter(int pieces) {
        byte[] bytes = join(
                ethernet(0x0800, ipv4(TCP, 0, 0, "66.9.149.187", "161.142.100.80", ports(2794, 1766))), new byte[400]);
        for (int seed = 0; seed < 200; seed++) {
            look(HashTypes.ALL, bytes, pieces, seed);
            assertHash(2, "51ccc178");
        }
    }

    /** For frames of any bytes and any length, no byte after the end is read, and the report is a defined value. */
    @Test
    void garbageHasSomeAnswerOrNone() {
        SplittableRandom random = new SplittableRandom(1);
        hash.configure(HashTypes.ALL, KEY);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(300, 8);
            for (int i = 0; i < 200_000; i++) {
                int bytes = 14 + random.nextInt(200);
                for (int at = 0; at < bytes; at++) {
                    memory.set(ValueLayout.JAVA_BYTE, at, (byte) random.nextInt());
                }
                boolean six = random.nextBoolean();
                memory.set(ValueLayout.JAVA_BYTE, 12, (byte) (six ? 0x86 : 0x08));
                memory.set(ValueLayout.JAVA_BYTE, 13, (byte) (six ? 0xdd : 0x00));
                memory.set(ValueLayout.JAVA_BYTE, 14, (byte) (six ? 0x60 : 0x45));
                memory.set(ValueLayout.JAVA_BYTE, 20, (byte) new int[] {0, 43, 44, 51, 60, TCP}[random.nextInt(6)]);
                frame.clear();
                frame.add(memory.address(), bytes);
                boolean found = hash.look(frame);
                assertThat(hash.report).isBetween(found ? 1 : 0, found ? 9 : 0);
            }
        }
    }

    @Test
    void aShortKeyIsFilledWithZeros() {
        hash.configure(HashTypes.ALL, new byte[] {(byte) 0x80});
        byte[] bytes = ethernet(0x0800, ipv4(1, 0, 0, "128.0.0.0", "0.0.0.0", new byte[4]));
        frame.clear();
        try (Arena arena = Arena.ofConfined()) {
            Frames.scatter(arena, frame, bytes, new SplittableRandom(0), 1);
            assertThat(hash.look(frame)).isTrue();
        }
        assertThat(hash.value).isEqualTo(0x8000_0000);
    }
}
