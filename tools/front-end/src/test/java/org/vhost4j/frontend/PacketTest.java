// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.device.driver.DriverHeader;

class PacketTest {
    static Stream<PacketBuilder> kinds() {
        return Stream.of(
                PacketBuilder.tcp4(),
                PacketBuilder.tcp6(),
                PacketBuilder.udp4(),
                PacketBuilder.udp6(),
                PacketBuilder.tcp4().tcp(PacketBuilder.ACK, 12).vlan(7));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aCompleteFrameIsSoundAndADamagedOneIsNot(PacketBuilder builder) {
        byte[] frame = builder.payload(101, 1).complete();
        assertThat(Packet.parse(frame).problems()).isEmpty();
        frame[frame.length - 1] ^= 1;
        assertThat(Packet.parse(frame).problems())
                .singleElement()
                .asString()
                .startsWith("transport checksum is wrong by");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void completingThePartialChecksumGivesTheCompleteFrame(PacketBuilder builder) {
        byte[] partial = builder.payload(1000, 2).partial();
        byte[] complete = builder.complete();
        DriverHeader header = builder.partialHeader();
        int start = header.csumStart();
        int sum = PacketBuilder.fold(PacketBuilder.sum(partial, start, partial.length - start)) ^ 0xffff;
        PacketBuilder.put16(partial, start + header.csumOffset(), sum);
        assertThat(partial).isEqualTo(complete);
    }

    @Test
    void aKnownDatagramHasItsKnownChecksums() {
        // 10.0.0.1:40000 to 10.0.0.2:5001, "ab": sums worked out by hand.
        byte[] frame = PacketBuilder.udp4()
                .macs(1, 2)
                .numbers(0, 1)
                .payload("ab".getBytes(StandardCharsets.US_ASCII))
                .complete();
        assertThat(HexFormat.of().formatHex(frame, 14, 44))
                .isEqualTo("4500001e00014000401126cc0a0000010a0000029c401389000adaab6162");
    }

    @Test
    void rightSegmentsAreAcceptedAndEachMistakeIsNamed() {
        PacketBuilder builder = PacketBuilder.tcp4()
                .tcp(PacketBuilder.ACK | PacketBuilder.PSH | PacketBuilder.CWR, 0)
                .payload(2500, 3);
        byte[] whole = builder.partial();
        List<byte[]> good = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            int flags = PacketBuilder.ACK | (i == 2 ? PacketBuilder.PSH : 0) | (i == 0 ? PacketBuilder.CWR : 0);
            byte[] part = Arrays.copyOfRange(whole, 54 + 1000 * i, Math.min(whole.length, 1054 + 1000 * i));
            good.add(PacketBuilder.tcp4()
                    .tcp(flags, 0)
                    .numbers(0x1000 + 1000 * i, 0x4321 + i)
                    .payload(part)
                    .complete());
        }
        assertThat(Packet.segmentationProblems(whole, 1000, good)).isEmpty();

        assertThat(Packet.segmentationProblems(whole, 1000, good.subList(0, 2)))
                .containsExactly("2 segments instead of 3");
        List<byte[]> swapped = List.of(good.get(1), good.get(0), good.get(2));
        assertThat(Packet.segmentationProblems(whole, 1000, swapped))
                .contains("segment 0: payload differs", "segment 1: payload differs")
                .anyMatch(problem -> problem.startsWith("segment 0: header byte"));
        byte[] sequence = good.get(1).clone();
        ByteBuffer.wrap(sequence).putInt(38, 1);
        assertThat(Packet.segmentationProblems(whole, 1000, List.of(good.get(0), sequence, good.get(2))))
                .anyMatch(problem -> problem.startsWith("segment 1: transport checksum"))
                .anyMatch(problem -> problem.startsWith("segment 1: header byte"));
    }
}
