// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.capture.CaptureOptions;
import org.vhost4j.device.capture.CaptureStatus;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.sys.LibC;
import org.vhost4j.vhostuser.server.Captures;
import org.vhost4j.vhostuser.server.Switching;

/** Tests captures of guests and ports while frames are forwarded. */
class CaptureTest {
    private static final String PROGRAM = "vhost4j test";
    private static final int SUPER_PAYLOAD = 10_000;
    private static final int SEGMENT = 1448;

    @TempDir
    private Path directory;

    private Path file() {
        return directory.resolve("a.pcapng");
    }

    private CaptureOptions options(boolean segmented) {
        return new CaptureOptions(file(), "", CaptureOptions.WHOLE, segmented, 0, 0, CaptureOptions.BUFFER);
    }

    private static List<byte[]> burst(int frames) {
        List<byte[]> all = new ArrayList<>();
        for (int i = 0; i < frames; i++) {
            all.add(PacketBuilder.udp4().macs(1, 2).payload(100 + i, i).complete());
        }
        return all;
    }

    private static List<byte[]> bytes(List<PcapngFile.Packet> packets) {
        return packets.stream().map(PcapngFile.Packet::bytes).toList();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void bothSidesOfATransferAreInTheFile(int lanes) throws IOException {
        try (TestBackEnd backEnd = TestBackEnd.patient(lanes);
                NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            Traffic.exchange(a, 1, b, 2);
            Captures captures = backEnd.backend().captures();
            captures.start("c", List.of("guest1", "guest0"), options(false), PROGRAM);
            List<byte[]> sent = burst(50);
            a.sendBurst(0, sent, DriverHeader.PLAIN, ChainShape.TOGETHER);
            sent.forEach(frame -> assertThat(b.receive().bytes()).isEqualTo(frame));
            PacketBuilder big = PacketBuilder.tcp4().macs(2, 1).payload(SUPER_PAYLOAD, 1);
            b.send(big.partial(), big.superHeader(SEGMENT));
            assertThat(a.receive().bytes()).isEqualTo(big.partial());
            CaptureStatus status = captures.stop("c").orElseThrow();
            // Nothing after the end.
            Traffic.exchange(a, 1, b, 2);

            PcapngFile file = PcapngFile.read(file());
            assertThat(file.ports).containsExactly("guest1", "guest0");
            assertThat(bytes(file.of("guest0", PcapngFile.OUTBOUND))).containsExactlyElementsOf(sent);
            assertThat(bytes(file.of("guest1", PcapngFile.INBOUND))).containsExactlyElementsOf(sent);
            for (PcapngFile.Packet packet : List.of(
                    file.of("guest1", PcapngFile.OUTBOUND).getFirst(),
                    file.of("guest0", PcapngFile.INBOUND).getFirst())) {
                assertThat(packet.bytes()).isEqualTo(big.partial());
                assertThat(packet.comment())
                        .isEqualTo("virtio-net: flags=NEEDS_CSUM gso_type=TCPV4 gso_size=1448 hdr_len=54"
                                + " csum_start=34 csum_offset=16");
            }
            assertThat(file.packets).hasSize(102);
            assertThat(file.packets).isSortedAccordingTo(Comparator.comparingLong(PcapngFile.Packet::time));
            assertThat(file.statistics.get("guest0")).containsExactly(51, 0, 51);
            assertThat(status.frames()).isEqualTo(102);
            assertThat(Files.getPosixFilePermissions(file())).isEqualTo(PosixFilePermissions.fromString("rw-------"));
        }
    }

    @Test
    void segmentsAreThoseThatLeave() throws IOException {
        try (TestBackEnd backEnd = TestBackEnd.patient(1);
                NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full().withoutOffloads())) {
            backEnd.backend().captures().start("c", List.of("guest0"), options(true), PROGRAM);
            PacketBuilder big = PacketBuilder.tcp4().macs(1, 2).payload(SUPER_PAYLOAD, 1);
            a.send(big.partial(), big.superHeader(SEGMENT));
            List<byte[]> received = new ArrayList<>();
            for (int left = SUPER_PAYLOAD; left > 0; left -= SEGMENT) {
                received.add(b.receive().bytes());
            }
            backEnd.backend().captures().stop("c");
            PcapngFile file = PcapngFile.read(file());
            assertThat(bytes(file.packets)).containsExactlyElementsOf(received);
            assertThat(file.packets).allMatch(packet -> packet.comment().isEmpty());
            assertThat(file.statistics.get("guest0")).containsExactly(1, 0, 1);
        }
    }

    @Test
    void aPortThatIsNoGuestIsCapturedWithAFilterAndASnapLength() throws IOException {
        CompletableFuture<HostPort> opened = new CompletableFuture<>();
        try (TestBackEnd backEnd = TestBackEnd.of(
                        2, config -> config.switching(new Switching.Bridged(List.of(HostPort.opening(opened)))));
                NetDriver a = backEnd.attach(0, NetSetup.full())) {
            HostPort host = opened.join();
            byte[] out = PacketBuilder.udp4()
                    .macs(1, 9)
                    .ports(1000, 53)
                    .payload(300, 1)
                    .complete();
            byte[] in = PacketBuilder.udp4()
                    .macs(9, 1)
                    .ports(53, 1000)
                    .payload(300, 2)
                    .complete();
            byte[] other = PacketBuilder.udp4()
                    .macs(9, 1)
                    .ports(54, 1000)
                    .payload(300, 3)
                    .complete();
            CaptureOptions options = new CaptureOptions(file(), "udp port 53", 64, false, 0, 0, CaptureOptions.BUFFER);
            backEnd.backend().captures().start("c", List.of(host.name()), options, PROGRAM);
            a.send(out);
            assertThat(host.receive()).isEqualTo(out);
            host.send(in);
            host.send(other);
            assertThat(a.receive().bytes()).isEqualTo(in);
            assertThat(a.receive().bytes()).isEqualTo(other);
            backEnd.backend().captures().stop("c");
            PcapngFile file = PcapngFile.read(file());
            assertThat(file.packets).extracting(PcapngFile.Packet::direction).containsExactly(1, 2);
            assertThat(file.packets).allMatch(packet -> packet.bytes().length == 64 && packet.originalLength() == 342);
            assertThat(file.packets.getLast().bytes()).isEqualTo(java.util.Arrays.copyOf(in, 64));
            assertThat(file.statistics.get(host.name())).containsExactly(3, 0, 2);
        }
    }

    @Test
    void aRingOfFilesKeepsTheNewestEachOfThemWhole() throws IOException {
        try (TestBackEnd backEnd = TestBackEnd.patient(1);
                NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            CaptureOptions options = new CaptureOptions(
                    file(), "", CaptureOptions.WHOLE, false, CaptureOptions.LEAST_FILE, 2, CaptureOptions.BUFFER);
            backEnd.backend().captures().start("c", List.of("guest0"), options, PROGRAM);
            List<byte[]> all = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                PacketBuilder big = PacketBuilder.tcp4().macs(1, 2).payload(30_000, i);
                a.send(big.partial(), big.superHeader(SEGMENT));
                assertThat(b.receive().bytes()).isEqualTo(big.partial());
                all.add(big.partial());
            }
            CaptureStatus status = backEnd.backend().captures().stop("c").orElseThrow();
            // Two to a file.
            assertThat(status.file()).isEqualTo(directory.resolve("a_00005.pcapng"));
            assertThat(directory.toFile().list()).containsExactlyInAnyOrder("a_00004.pcapng", "a_00005.pcapng");
            assertThat(bytes(PcapngFile.read(directory.resolve("a_00004.pcapng")).packets))
                    .containsExactly(all.get(6), all.get(7));
            PcapngFile last = PcapngFile.read(status.file());
            assertThat(bytes(last.packets)).containsExactly(all.get(8), all.get(9));
            assertThat(last.statistics.get("guest0")).containsExactly(10, 0, 10);
            assertThat(Files.size(status.file())).isLessThanOrEqualTo(CaptureOptions.LEAST_FILE);
        }
    }

    @Test
    void whatCannotBeginIsRefusedInOneClauseAndLeavesNothing() throws IOException {
        try (TestBackEnd backEnd = TestBackEnd.patient(1)) {
            Captures captures = backEnd.backend().captures();
            captures.start("c", List.of("guest0"), options(false), PROGRAM);
            Path link = Files.createSymbolicLink(directory.resolve("link"), directory.resolve("target"));
            Path fifo = directory.resolve("fifo");
            assertThat(LibC.mkfifo(fifo.toString())).isZero();
            Path fresh = directory.resolve("fresh");
            refused(captures, "d", "guest0", fresh, "", "'guest0' is in capture 'c' already");
            refused(captures, "c", "guest1", fresh, "", "there is a capture 'c' already");
            refused(captures, "d", "guest7", fresh, "", "there is no guest or port 'guest7'");
            refused(captures, "d", "guest1", fresh, "tcp port", "filter 'tcp port', column 9: expected a port number");
            refused(captures, "d", "guest1", file(), "", file() + " exists already");
            refused(captures, "d", "guest1", link, "", link + " exists already");
            refused(captures, "d", "guest1", directory, "", directory + " exists already");
            refused(captures, "d", "guest1", fifo, "", "FIFO " + fifo + " has no reader: start that first");
            Path nowhere = directory.resolve("none/x");
            refused(
                    captures,
                    "d",
                    "guest1",
                    nowhere,
                    "",
                    nowhere + " cannot be opened: ENOENT (No such file or directory)");
            assertThat(captures.all()).containsOnlyKeys("c");
            assertThat(directory.resolve("target")).doesNotExist();
            assertThat(fresh).doesNotExist();
            assertThat(captures.stop("d")).isEmpty();
            assertThat(captures.stop("c")).isPresent();
        }
        assertThat(PcapngFile.read(file()).packets).isEmpty();
    }

    private static void refused(Captures captures, String id, String port, Path path, String filter, String message) {
        CaptureOptions options =
                new CaptureOptions(path, filter, CaptureOptions.WHOLE, false, 0, 0, CaptureOptions.BUFFER);
        assertThatThrownBy(() -> captures.start(id, List.of(port), options, PROGRAM))
                .hasMessage(message);
    }

    @Test
    void theEndOfTheBackEndEndsTheFile() throws IOException {
        try (TestBackEnd backEnd = TestBackEnd.patient(1);
                NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            backEnd.backend().captures().start("c", List.of("guest0"), options(false), PROGRAM);
            Traffic.exchange(a, 1, b, 2);
        }
        PcapngFile file = PcapngFile.read(file());
        assertThat(file.packets).hasSize(2);
        assertThat(file.statistics.get("guest0")).containsExactly(2, 0, 2);
    }
}
