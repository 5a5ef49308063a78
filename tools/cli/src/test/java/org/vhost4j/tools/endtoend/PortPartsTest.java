// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.capture.CaptureOptions;
import org.vhost4j.device.rate.PortRates;
import org.vhost4j.device.rate.RateLimit;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.vhostuser.server.Captures;
import org.vhost4j.vhostuser.server.ChangeRefused;
import org.vhost4j.vhostuser.server.Membership;
import org.vhost4j.vhostuser.server.PortSnapshot;
import org.vhost4j.vhostuser.server.Switching;
import org.vhost4j.vhostuser.server.Uplink;

/**
 * Tests a port with a queue on every lane: guests with even numbers are on the first lane, the others on the second.
 */
@Timeout(120)
class PortPartsTest {
    /** The station behind the port. */
    private static final int HOST = 9;

    @TempDir
    private Path directory;

    private final List<HostPort> parts = new CopyOnWriteArrayList<>();
    private final Uplink port = HostPort.onEveryLane("host", parts);

    private static byte[] frame(int source, int target, int number) {
        return PacketBuilder.udp4().macs(source, target).payload(80, number).complete();
    }

    private static TestBackEnd backEnd(List<Uplink> uplinks) {
        return TestBackEnd.onTwoLanes(4, 1, new Switching.Bridged(uplinks));
    }

    /** Each guest's frames leave by its own lane's part, and what comes in by either part reaches each guest, once. */
    private void exchange(List<NetDriver> guests) {
        for (int i = 0; i < guests.size(); i++) {
            guests.get(i).send(frame(1 + i, HOST, i));
            assertThat(parts.get(i % 2).receive()).isEqualTo(frame(1 + i, HOST, i));
            for (int j = 0; j < 2; j++) {
                parts.get(j).send(frame(HOST, 1 + i, 10 + j));
                assertThat(guests.get(i).receive().bytes()).isEqualTo(frame(HOST, 1 + i, 10 + j));
            }
        }
    }

    private void broadcast(List<NetDriver> guests) {
        for (int i = 0; i < guests.size(); i++) {
            byte[] flooded = frame(1 + i, 255, 20 + i);
            guests.get(i).send(flooded);
            assertThat(parts.get(i % 2).receive()).isEqualTo(flooded);
            for (int j = 0; j < guests.size(); j++) {
                if (j != i) {
                    assertThat(guests.get(j).receive().bytes()).isEqualTo(flooded);
                }
            }
        }
        for (int j = 0; j < 2; j++) {
            byte[] flooded = frame(HOST, 255, 30 + j);
            parts.get(j).send(flooded);
            for (NetDriver guest : guests) {
                assertThat(guest.receive().bytes()).isEqualTo(flooded);
            }
        }
        assertThat(parts).allSatisfy(part -> assertThat(part.waiting()).isEmpty());
    }

    private static List<NetDriver> attach(TestBackEnd backEnd) {
        return List.of(
                backEnd.attach(0, NetSetup.full()),
                backEnd.attach(1, NetSetup.full()),
                backEnd.attach(2, NetSetup.full()),
                backEnd.attach(3, NetSetup.full()));
    }

    @Test
    void framesTakeThePartOfTheirGuestsLane() {
        try (TestBackEnd backEnd = backEnd(List.of(port))) {
            List<NetDriver> guests = attach(backEnd);
            broadcast(guests);
            exchange(guests);
            PortSnapshot counted = backEnd.backend().ports().getLast();
            assertThat(counted.name()).isEqualTo("host");
            assertThat(counted.framesOut())
                    .as("by both parts")
                    .isEqualTo(guests.size() * 2L)
                    .isEqualTo(parts.get(0).counters().framesOut());
            assertThat(parts.get(1).counters().framesOut()).isEqualTo(guests.size());
            guests.forEach(NetDriver::close);
        }
        assertThat(parts)
                .hasSize(2)
                .allSatisfy(part -> assertThat(part.closed()).isTrue());
    }

    @Test
    void thePortComesAndGoesWhileFramesMove() throws ChangeRefused {
        try (TestBackEnd backEnd = backEnd(List.of())) {
            List<NetDriver> guests = attach(backEnd);
            Membership membership = backEnd.backend().membership();
            for (int round = 0; round < 2; round++) {
                membership.addPort(port);
                broadcast(guests);
                exchange(guests);
                membership.removePort("host");
                assertThat(parts)
                        .hasSize(2)
                        .allSatisfy(part -> assertThat(part.closed()).isTrue());
                Traffic.exchange(guests.get(0), 1, guests.get(1), 2);
                assertThat(parts).allSatisfy(part -> assertThat(part.waiting()).isEmpty());
                parts.clear();
            }
            guests.forEach(NetDriver::close);
        }
    }

    /** A part that is open forwards frames on its lane, where another port that is added would replace what they are forwarded by. */
    @Test
    void noOtherLaneHasAPartBeforeAllPortsAreThere() {
        CompletableFuture<HostPort> opened = new CompletableFuture<>();
        CompletableFuture<Integer> partsBefore = new CompletableFuture<>();
        Uplink last = (lane, sink) -> {
            partsBefore.complete(parts.size());
            return HostPort.opening(opened).open(lane, sink);
        };
        try (TestBackEnd backEnd = backEnd(List.of(port, last))) {
            assertThat(partsBefore.join()).as("parts on other lanes").isLessThanOrEqualTo(1);
            List<NetDriver> guests = attach(backEnd);
            broadcast(guests);
            exchange(guests);
            assertThat(backEnd.backend().ports().stream().skip(guests.size()).map(PortSnapshot::framesOut))
                    .as("of ports in the order that was given")
                    .containsExactly(2L * guests.size(), guests.size() + 2L);
            assertThat(opened.join().waiting()).as("what was flooded").hasSize(guests.size() + 2);
            guests.forEach(NetDriver::close);
        }
    }

    /** Lanes would have to count together what passes. */
    @Test
    void itsRatesCannotBeLimited() {
        try (TestBackEnd backEnd = backEnd(List.of(port))) {
            PortRates slow = new PortRates(RateLimit.NONE, new RateLimit(1, 0, 1));
            assertThatThrownBy(() -> backEnd.backend().membership().changePort("host", each -> each.withRates(slow)))
                    .isInstanceOf(ChangeRefused.class)
                    .hasMessage("port 'host' has a queue for each lane, and its rates cannot be limited");
        }
    }

    @Test
    void aCaptureHasTheFramesOfAllParts() throws IOException {
        Path file = directory.resolve("a.pcapng");
        try (TestBackEnd backEnd = backEnd(List.of(port))) {
            List<NetDriver> guests = attach(backEnd);
            broadcast(guests);
            Captures captures = backEnd.backend().captures();
            captures.start(
                    "c",
                    List.of("host"),
                    new CaptureOptions(file, "", CaptureOptions.WHOLE, false, 0, 0, CaptureOptions.BUFFER),
                    "vhost4j test");
            exchange(guests);
            captures.stop("c");
            broadcast(guests);
            guests.forEach(NetDriver::close);
        }
        PcapngFile captured = PcapngFile.read(file);
        assertThat(captured.ports).as("one for each part").containsExactly("host", "host");
        assertThat(captured.packets).hasSize(4 * 3);
    }
}
