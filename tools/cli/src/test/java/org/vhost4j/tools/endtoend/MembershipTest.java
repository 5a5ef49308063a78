// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.bridge.PortVlan;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.sys.Await;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.ChangeRefused;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.Membership;
import org.vhost4j.vhostuser.server.PortSecurity;
import org.vhost4j.vhostuser.server.Switching;
import org.vhost4j.vhostuser.server.Uplink;

/** Tests adding, changing and removing guests and ports of a running back-end. */
@Timeout(120)
class MembershipTest {
    @TempDir
    Path directory;

    private static byte[] frame(int source, int target, int number) {
        return PacketBuilder.udp4().macs(source, target).payload(80, number).complete();
    }

    private Endpoint guest(String name) {
        return Endpoint.listen(directory.resolve(name + ".sock"), Attach.AUTO).withName(name);
    }

    private NetDriver attach(String name) {
        return NetDriver.attach(directory.resolve(name + ".sock"), NetSetup.full());
    }

    /** A port that a test holds, with a name. */
    private static Uplink named(String name, CompletableFuture<HostPort> opened) {
        Uplink host = HostPort.opening(opened);
        return new Uplink() {
            @Override
            public Opened open(Lane lane, FrameSink sink) {
                return host.open(lane, sink);
            }

            @Override
            public String name() {
                return name;
            }
        };
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aGuestThatComesReachesTheOthersAndIsForgottenWhenItGoes(int lanes) throws Exception {
        try (TestBackEnd backEnd = TestBackEnd.patient(lanes);
                NetDriver one = backEnd.attach(0, NetSetup.full());
                NetDriver two = backEnd.attach(1, NetSetup.full())) {
            Membership membership = backEnd.backend().membership();
            membership.addGuest(guest("web"));
            try (NetDriver web = attach("web")) {
                web.send(frame(3, 255, 1));
                assertThat(one.receive().bytes()).isEqualTo(frame(3, 255, 1));
                assertThat(two.receive().bytes()).isEqualTo(frame(3, 255, 1));
                one.send(frame(1, 3, 2));
                assertThat(web.receive().bytes()).isEqualTo(frame(1, 3, 2));
                two.send(frame(2, 3, 3));
                assertThat(web.receive().bytes()).isEqualTo(frame(2, 3, 3));
                membership.removeGuest("web");
            }
            // The station is unknown again: with two guests left each is the other's only receiver.
            one.send(frame(1, 3, 4));
            assertThat(two.receive().bytes()).isEqualTo(frame(1, 3, 4));
            assertThat(directory).isEmptyDirectory();
        }
    }

    @Test
    void aNumberIsUsedAgain() throws Exception {
        try (TestBackEnd backEnd = TestBackEnd.onTwoLanes(3, 1, new Switching.Bridged(List.of()));
                NetDriver one = backEnd.attach(0, NetSetup.full());
                NetDriver three = backEnd.attach(2, NetSetup.full())) {
            Membership membership = backEnd.backend().membership();
            membership.removeGuest("guest1");
            for (int round = 0; round < 3; round++) {
                assertThat(membership.addGuest(guest("x" + round))).isEqualTo("x" + round);
                try (NetDriver it = attach("x" + round)) {
                    it.send(frame(9, 255, round));
                    assertThat(one.receive().bytes()).isEqualTo(frame(9, 255, round));
                    assertThat(three.receive().bytes()).isEqualTo(frame(9, 255, round));
                    three.send(frame(3, 9, round));
                    assertThat(it.receive().bytes()).isEqualTo(frame(3, 9, round));
                }
                membership.removeGuest("x" + round);
            }
            Endpoint unnamed = guest("y").withName(null);
            assertThat(membership.addGuest(unnamed)).isEqualTo("guest3");
            assertThat(membership.guests())
                    .extracting(Membership.Guest::name)
                    .containsExactly("guest0", "guest2", "guest3");
            membership.removeGuest("guest3");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aPortComesAndGoes(int lanes) throws Exception {
        try (TestBackEnd backEnd = TestBackEnd.patient(lanes);
                NetDriver one = backEnd.attach(0, NetSetup.full());
                NetDriver two = backEnd.attach(1, NetSetup.full())) {
            Membership membership = backEnd.backend().membership();
            for (int round = 0; round < 2; round++) {
                CompletableFuture<HostPort> opened = new CompletableFuture<>();
                membership.addPort(named("host", opened));
                HostPort host = opened.join();
                one.send(frame(1, 255, 1));
                assertThat(host.receive()).isEqualTo(frame(1, 255, 1));
                assertThat(two.receive().bytes()).isEqualTo(frame(1, 255, 1));
                host.send(frame(7, 1, 2));
                assertThat(one.receive().bytes()).isEqualTo(frame(7, 1, 2));
                two.send(frame(2, 7, 3));
                assertThat(host.receive()).isEqualTo(frame(2, 7, 3));
                assertThatThrownBy(() -> membership.addPort(named("host", new CompletableFuture<>())))
                        .isInstanceOf(ChangeRefused.class)
                        .hasMessage("there is a guest or a port 'host' already");
                membership.changePort("host", port -> port.withVlan(PortVlan.access(5)));
                one.send(frame(1, 255, 4));
                assertThat(two.receive().bytes()).isEqualTo(frame(1, 255, 4));
                membership.removePort("host");
                assertThat(host.waiting()).isEmpty();
                assertThat(membership.ports()).isEmpty();
            }
            assertThatThrownBy(() -> membership.removePort("host")).hasMessage("there is no port 'host'");
        }
    }

    @Test
    void aPortThatCannotBeOpenedLeavesNothing() throws Exception {
        try (TestBackEnd backEnd = TestBackEnd.bridge(2);
                NetDriver one = backEnd.attach(0, NetSetup.full());
                NetDriver two = backEnd.attach(1, NetSetup.full())) {
            Membership membership = backEnd.backend().membership();
            Uplink broken = new Uplink() {
                @Override
                public Opened open(Lane lane, FrameSink sink) {
                    throw new IllegalStateException("no such interface");
                }

                @Override
                public String name() {
                    return "broken";
                }
            };
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> membership.addPort(broken)).hasMessage("no such interface");
            }
            assertThat(membership.ports()).isEmpty();
            one.send(frame(1, 2, 1));
            assertThat(two.receive().bytes()).isEqualTo(frame(1, 2, 1));
        }
    }

    @Test
    void whatIsInUseIsRefusedAndLeavesNothing() throws Exception {
        try (TestBackEnd backEnd = TestBackEnd.bridge(2)) {
            Membership membership = backEnd.backend().membership();
            Endpoint first = membership.guests().getFirst().endpoint();
            assertThatThrownBy(() -> membership.addGuest(first.withName("other")))
                    .isInstanceOf(ChangeRefused.class)
                    .hasMessage("socket " + backEnd.socket(0) + " is that of guest 'guest0'");
            assertThatThrownBy(() -> membership.addGuest(guest("guest1")))
                    .hasMessage("there is a guest or a port 'guest1' already");
            Path missing = directory.resolve("missing/a.sock");
            assertThatThrownBy(() -> membership.addGuest(
                            Endpoint.listen(missing, Attach.AUTO).withName("a")))
                    .isInstanceOf(ChangeRefused.class)
                    .hasMessageContaining(missing.toString());
            assertThat(membership.guests()).hasSize(2);
            assertThat(directory).isEmptyDirectory();
            assertThatThrownBy(() -> membership.removeGuest("web"))
                    .hasMessage("there is no guest 'web'")
                    .matches(refused -> ((ChangeRefused) refused).missing());
            assertThatThrownBy(() -> membership.changeGuest("guest0", each -> each.withName("renamed")))
                    .hasMessageContaining("keeps its socket");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aGuestChangesItsVlan(int lanes) throws Exception {
        try (TestBackEnd backEnd = TestBackEnd.of(3, config -> config.lanes(lanes));
                NetDriver one = backEnd.attach(0, NetSetup.full());
                NetDriver two = backEnd.attach(1, NetSetup.full());
                NetDriver three = backEnd.attach(2, NetSetup.full())) {
            Membership membership = backEnd.backend().membership();
            membership.changeGuest("guest2", each -> each.withVlan(PortVlan.access(9)));
            membership.changeGuest("guest0", each -> each.withVlan(PortVlan.access(5)));
            membership.changeGuest("guest1", each -> each.withVlan(PortVlan.access(5)));
            one.send(frame(1, 255, 1));
            assertThat(two.receive().bytes()).isEqualTo(frame(1, 255, 1));
            membership.changeGuest("guest1", each -> each.withVlan(PortVlan.access(6)));
            membership.changeGuest("guest2", each -> each.withVlan(PortVlan.access(5)));
            one.send(frame(1, 255, 2));
            assertThat(three.receive().bytes()).isEqualTo(frame(1, 255, 2));
            membership.changeGuest("guest1", each -> each.withVlan(PortVlan.access(5)));
            one.send(frame(1, 255, 3));
            // The frame before was never sent here.
            assertThat(two.receive().bytes()).isEqualTo(frame(1, 255, 3));
        }
    }

    @Test
    void aGuestChangesItsAddress() throws Exception {
        try (TestBackEnd backEnd = TestBackEnd.bridge(2);
                NetDriver one = backEnd.attach(0, NetSetup.full());
                NetDriver two = backEnd.attach(1, NetSetup.full())) {
            Membership membership = backEnd.backend().membership();
            membership.changeGuest("guest0", each -> each.withMac(0x5254_0012_3401L, false));
            one.send(frame(1, 2, 1));
            assertThat(two.receive().bytes()).isEqualTo(frame(1, 2, 1));
            one.send(frame(8, 2, 2));
            Await.until(
                    "the other address is refused",
                    () -> backEnd.backend().counters(0).get(Counter.TX_BAD_SOURCE) == 1);
            membership.changeGuest("guest0", each -> each.withMac(0x5254_0012_3408L, false));
            one.send(frame(8, 2, 3));
            assertThat(two.receive().bytes()).isEqualTo(frame(8, 2, 3));
            // No other guest may have the one of now, any may have the previous one.
            two.send(frame(8, 1, 4));
            Await.until("it is reserved", () -> backEnd.backend().counters(1).get(Counter.TX_BAD_SOURCE) == 1);
            two.send(frame(1, 8, 5));
            assertThat(one.receive().bytes()).isEqualTo(frame(1, 8, 5));
            membership.secure(new PortSecurity(PortSecurity.Mode.OFF, 0));
            one.send(frame(9, 2, 6));
            assertThat(two.receive().bytes()).isEqualTo(frame(9, 2, 6));
            assertThat(backEnd.backend().devices().join().getFirst().mac()).isEqualTo(0x5254_0012_3408L);
        }
    }

    @Test
    void whatHasChangedIsHandedOver() throws Exception {
        try (TestBackEnd backEnd = TestBackEnd.onTwoLanes(3, 1, new Switching.Bridged(List.of()));
                NetDriver one = backEnd.attach(0, NetSetup.full());
                NetDriver three = backEnd.attach(2, NetSetup.full())) {
            backEnd.backend().membership().removeGuest("guest1");
            one.send(frame(1, 255, 1));
            assertThat(three.receive().bytes()).isEqualTo(frame(1, 255, 1));
            backEnd.replace(backEnd.backend().config());
            three.send(frame(3, 1, 2));
            assertThat(one.receive().bytes()).isEqualTo(frame(3, 1, 2));
            assertThat(backEnd.backend().membership().guests()).hasSize(2);
            assertThat(Files.exists(backEnd.socket(0))).isTrue();
        }
    }
}
