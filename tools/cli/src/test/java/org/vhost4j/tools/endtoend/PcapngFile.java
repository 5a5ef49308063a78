// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A reader for pcapng files (draft-ietf-opsawg-pcapng) that is independent of the writing code. */
final class PcapngFile {
    static final int INBOUND = 1;
    static final int OUTBOUND = 2;

    /** A packet: the name of its interface, nanoseconds since 1970, direction, comment, original length, bytes. */
    @SuppressWarnings("ArrayRecordComponent") // Packets are not compared.
    record Packet(String port, long time, int direction, String comment, int originalLength, byte[] bytes) {}

    final List<String> ports = new ArrayList<>();
    final List<Packet> packets = new ArrayList<>();
    /** By port: received, dropped, accepted by the filter. */
    final Map<String, long[]> statistics = new HashMap<>();

    static PcapngFile read(Path path) throws IOException {
        PcapngFile file = new PcapngFile();
        ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(all.getInt(0)).isEqualTo(0x0a0d0d0a);
        assertThat(all.getInt(8)).isEqualTo(0x1a2b3c4d);
        while (all.hasRemaining()) {
            int begin = all.position();
            int type = all.getInt();
            int length = all.getInt();
            assertThat(length % 4).isZero();
            assertThat(all.getInt(begin + length - 4)).isEqualTo(length);
            ByteBuffer body = all.slice(begin + 8, length - 12).order(ByteOrder.LITTLE_ENDIAN);
            switch (type) {
                case 1 -> file.port(body);
                case 5 -> file.statistics(body);
                case 6 -> file.packet(body);
                default -> assertThat(type).isEqualTo(0x0a0d0d0a);
            }
            all.position(begin + length);
        }
        return file;
    }

    private static Map<Integer, ByteBuffer> options(ByteBuffer body) {
        Map<Integer, ByteBuffer> options = new HashMap<>();
        while (body.remaining() >= 4) {
            int code = body.getShort();
            int length = body.getShort() & 0xffff;
            if (code == 0) {
                assertThat(body.remaining()).isZero();
                break;
            }
            options.put(code, body.slice(body.position(), length).order(ByteOrder.LITTLE_ENDIAN));
            body.position(body.position() + (length + 3) / 4 * 4);
        }
        return options;
    }

    private static ByteBuffer option(Map<Integer, ByteBuffer> options, int code) {
        return Objects.requireNonNull(options.get(code), () -> "option " + code);
    }

    private static String text(ByteBuffer option) {
        return StandardCharsets.UTF_8.decode(option).toString();
    }

    private void port(ByteBuffer body) {
        assertThat(body.getShort()).as("LINKTYPE_ETHERNET").isEqualTo((short) 1);
        body.position(8);
        Map<Integer, ByteBuffer> options = options(body);
        assertThat(option(options, 9).get()).as("if_tsresol").isEqualTo((byte) 9);
        ports.add(text(option(options, 2)));
    }

    private static long time(ByteBuffer from) {
        return ((from.getInt() & 0xffff_ffffL) << 32) | (from.getInt() & 0xffff_ffffL);
    }

    private void packet(ByteBuffer body) {
        String port = ports.get(body.getInt());
        long time = time(body);
        byte[] bytes = new byte[body.getInt()];
        int original = body.getInt();
        body.get(bytes);
        body.position((body.position() + 3) / 4 * 4);
        Map<Integer, ByteBuffer> options = options(body);
        String comment = options.containsKey(1) ? text(option(options, 1)) : "";
        packets.add(new Packet(port, time, option(options, 2).getInt(), comment, original, bytes));
    }

    private void statistics(ByteBuffer body) {
        String port = ports.get(body.getInt());
        long unused = time(body);
        Map<Integer, ByteBuffer> options = options(body);
        statistics.put(port, new long[] {
            option(options, 4).getLong(),
            option(options, 5).getLong(),
            option(options, 6).getLong()
        });
    }

    /** Packets of one port and direction. */
    List<Packet> of(String port, int direction) {
        return packets.stream()
                .filter(packet -> packet.port().equals(port) && packet.direction() == direction)
                .toList();
    }
}
