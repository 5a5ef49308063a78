// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.capture.CaptureOptions;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.sys.Await;
import org.vhost4j.tools.common.MainClass;

/** Checks captures with tshark and capinfos, from a file and from the command's standard output. */
class CaptureIT {
    private static final int FRAMES = 40;
    private static final int SUPER_PAYLOAD = 20_000;
    private static final int SEGMENT = 1448;

    @TempDir
    private Path directory;

    private static String output(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(String.join(" ", command)).isZero();
        return output;
    }

    /** One row for each packet. */
    private static List<String[]> fields(Path file, String... fields) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                "tshark",
                "-n",
                "-r",
                file.toString(),
                "-T",
                "fields",
                "-o",
                "tcp.check_checksum:TRUE",
                "-o",
                "udp.check_checksum:TRUE",
                "-o",
                "ip.check_checksum:TRUE"));
        for (String field : fields) {
            command.add("-e");
            command.add(field);
        }
        return output(command.toArray(String[]::new))
                .lines()
                .map(line -> line.split("\t", -1))
                .toList();
    }

    @Test
    void tsharkReadsEveryFrame() throws IOException, InterruptedException {
        Path file = directory.resolve("frames.pcapng");
        List<byte[]> sent = new ArrayList<>();
        for (int i = 0; i < FRAMES; i++) {
            sent.add(PacketBuilder.udp4().macs(1, 2).payload(100 + i, i).complete());
        }
        try (TestBackEnd backEnd = TestBackEnd.patient(1);
                NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            backEnd.backend()
                    .captures()
                    .start("c", List.of("guest0", "guest1"), CaptureOptions.of(file), "vhost4j test");
            a.sendBurst(0, sent, DriverHeader.PLAIN, ChainShape.TOGETHER);
            sent.forEach(frame -> assertThat(b.receive().bytes()).isEqualTo(frame));
            backEnd.backend().captures().stop("c");
        }
        List<String[]> rows = fields(
                file,
                "frame.interface_name",
                "frame.packet_flags_direction",
                "frame.time_epoch",
                "frame.len",
                "udp.checksum.status",
                "ip.checksum.status",
                "udp.payload");
        assertThat(rows).hasSize(2 * FRAMES);
        String before = "";
        int[] next = new int[2];
        for (String[] row : rows) {
            int guest = row[0].equals("guest0") ? 0 : 1;
            assertThat(row[0]).isEqualTo("guest" + guest);
            assertThat(Long.decode(row[1])).as("direction").isEqualTo(guest == 0 ? 2 : 1);
            assertThat(row[2]).matches("[0-9]{10}\\.[0-9]{9}").isGreaterThanOrEqualTo(before);
            before = row[2];
            byte[] frame = sent.get(next[guest]++);
            assertThat(row[3]).isEqualTo(Integer.toString(frame.length));
            assertThat(row[4]).as("1 is good").isEqualTo("1");
            assertThat(row[5]).isEqualTo("1");
            assertThat(row[6]).isEqualTo(HexFormat.of().formatHex(frame, 42, frame.length));
        }
        assertThat(output("capinfos", "-M", "-c", "-I", file.toString()))
                .contains(
                        "Number of packets:   " + 2 * FRAMES,
                        "Name = guest0",
                        "Name = guest1",
                        "Time resolution = 0x09");
    }

    @Test
    void segmentsHaveGoodChecksums() throws IOException, InterruptedException {
        Path file = directory.resolve("segments.pcapng");
        List<PacketBuilder> packets = List.of(
                PacketBuilder.tcp4().macs(1, 2).payload(SUPER_PAYLOAD, 1),
                PacketBuilder.tcp6().macs(1, 2).payload(SUPER_PAYLOAD, 2));
        try (TestBackEnd backEnd = TestBackEnd.patient(1);
                NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            CaptureOptions options =
                    new CaptureOptions(file, "tcp", CaptureOptions.WHOLE, true, 0, 0, CaptureOptions.BUFFER);
            backEnd.backend().captures().start("c", List.of("guest0"), options, "vhost4j test");
            for (PacketBuilder packet : packets) {
                a.send(packet.partial(), packet.superHeader(SEGMENT));
                // The receiver has the super-frame whole: the capture alone is cut.
                assertThat(b.receive().bytes()).isEqualTo(packet.partial());
            }
            backEnd.backend().captures().stop("c");
        }
        List<String[]> rows = fields(file, "ip.version", "tcp.checksum.status", "ip.checksum.status", "tcp.payload");
        int each = (SUPER_PAYLOAD + SEGMENT - 1) / SEGMENT;
        assertThat(rows).hasSize(2 * each);
        assertThat(rows).allMatch(row -> row[1].equals("1"));
        assertThat(rows.subList(0, each)).allMatch(row -> row[2].equals("1"));
        for (int i = 0; i < 2; i++) {
            StringBuilder payload = new StringBuilder();
            rows.subList(i * each, (i + 1) * each).forEach(row -> payload.append(row[3]));
            byte[] whole = packets.get(i).partial();
            assertThat(payload)
                    .hasToString(HexFormat.of().formatHex(whole, packets.get(i).headerLength(), whole.length));
        }
    }

    private Process start(String log, File out, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Djna.nosys=true",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                MainClass.NAME));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectOutput(out)
                .redirectError(directory.resolve(log).toFile())
                .start();
    }

    @Test
    void theCommandWritesToAPipeUntilItIsInterrupted() throws IOException, InterruptedException {
        Path qmp = directory.resolve("qmp");
        Path socket = directory.resolve("a.sock");
        Path pcap = directory.resolve("out.pcapng");
        byte[] frame = PacketBuilder.tcp4().macs(1, 2).payload(100, 1).complete();
        byte[] other = PacketBuilder.udp4().macs(1, 2).payload(100, 1).complete();
        Process backEnd = start(
                "run.log",
                directory.resolve("run.out").toFile(),
                "run",
                "--socket-path=" + socket,
                "--qmp=unix:" + qmp);
        Process capture = null;
        try {
            Await.until("the back-end listens", () -> Files.exists(socket) && Files.exists(qmp));
            try (NetDriver a = NetDriver.attach(socket, NetSetup.full())) {
                capture = start("capture.log", pcap.toFile(), "capture", "--qmp=unix:" + qmp, "guest0", "-", "tcp");
                Process running = capture;
                Await.until("the capture has begun", () -> {
                    assertThat(running.isAlive()).isTrue();
                    return Files.size(pcap) > 0;
                });
                a.send(other);
                a.send(frame);
                a.awaitSent();
                Await.until("the frame is there", () -> Files.size(pcap) > frame.length + 100);
                // SIGTERM, which ends the command as SIGINT does.
                capture.destroy();
                assertThat(capture.waitFor(60, TimeUnit.SECONDS)).isTrue();
            }
            assertThat(Files.readString(directory.resolve("capture.log")))
                    .contains("1 frames captured, 2 seen, 0 dropped because the buffer was full");
            PcapngFile file = PcapngFile.read(pcap);
            assertThat(file.packets).hasSize(1);
            assertThat(file.packets.getFirst().bytes()).isEqualTo(frame);
            assertThat(file.statistics.get("guest0")).containsExactly(2, 0, 1);
            assertThat(fields(pcap, "tcp.checksum.status")).containsExactly(new String[] {"1"});
            // No FIFO is left.
            assertThat(directory.toFile().list((in, name) -> name.contains("capture.")))
                    .containsOnly("capture.log");
        } finally {
            backEnd.destroyForcibly();
            if (capture != null) {
                capture.destroyForcibly();
            }
        }
    }
}
