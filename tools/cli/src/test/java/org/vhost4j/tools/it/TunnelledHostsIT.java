// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;
import org.vhost4j.frontend.Rendezvous;
import org.vhost4j.guests.lab.HostShell;
import org.vhost4j.tools.endtoend.isolation.ChildBackEnd;

/**
 * Tests two hosts, which are network namespaces: each has a back-end whose TAP is on the kernel's bridge, with a VXLAN
 * tunnel between the bridges, as in docs/scale.md. The tunnel is the kernel's, as with Open vSwitch.
 */
class TunnelledHostsIT {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir
    private Path directory;

    private final String[] hosts = {
        "v4ja-" + ProcessHandle.current().pid(),
        "v4jb-" + ProcessHandle.current().pid()
    };

    @BeforeEach
    void makeHosts() throws IOException {
        HostShell.run("ip netns add " + hosts[0] + " && ip netns add " + hosts[1] + " && ip -n " + hosts[0]
                + " link add fabric type veth peer name fabric netns " + hosts[1]);
        for (int i = 0; i < 2; i++) {
            String here = "ip -n " + hosts[i] + " ";
            HostShell.run("ip netns exec " + hosts[i]
                    + " sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
            HostShell.run(here + "address add 192.0.2." + (i + 1) + "/24 dev fabric && " + here
                    + "link set fabric mtu 1600 up && "
                    + here + "link add overlay type vxlan id 42 dstport 4789 local 192.0.2." + (i + 1)
                    + " remote 192.0.2."
                    + (2 - i) + " && " + here + "link add br0 type bridge mcast_snooping 0 && "
                    + here + "link set overlay master br0 up && " + here + "link set br0 up");
        }
    }

    @AfterEach
    void removeHosts() throws IOException {
        HostShell.run("ip netns del " + hosts[0] + "; ip netns del " + hosts[1] + "; true");
    }

    private ChildBackEnd backEndOn(int host) throws IOException {
        ChildBackEnd backEnd = ChildBackEnd.startBehind(
                List.of("ip", "netns", "exec", hosts[host]),
                directory,
                "run",
                "--socket-path=" + socket(host),
                "--port=tap:ifname=tap0");
        backEnd.awaitLine("guest0", "waiting for a front-end");
        HostShell.run("ip -n " + hosts[host] + " link set tap0 master br0 up");
        return backEnd;
    }

    private Path socket(int host) {
        return directory.resolve("host" + host + ".sock");
    }

    @Test
    void framesCrossTheTunnelInBothDirections() throws IOException {
        try (ChildBackEnd one = backEndOn(0);
                ChildBackEnd two = backEndOn(1);
                Rendezvous first = Rendezvous.connecting(socket(0));
                Rendezvous second = Rendezvous.connecting(socket(1));
                NetDriver here = NetDriver.attach(first.connectServed(PATIENCE), NetSetup.full());
                NetDriver there = NetDriver.attach(second.connectServed(PATIENCE), NetSetup.full())) {
            assertThat(one.pid()).isNotEqualTo(two.pid());
            byte[] question = PacketBuilder.udp4().macs(1, 2).payload(1400, 1).complete();
            byte[] answer = PacketBuilder.udp4().macs(2, 1).payload(1200, 2).complete();
            here.send(question);
            assertThat(arrives(there, question)).isTrue();
            there.send(answer);
            assertThat(arrives(here, answer)).isTrue();
            assertThat(HostShell.run("ip -n " + hosts[0] + " -s link show overlay"))
                    .as("the kernel's tunnel has carried them")
                    .doesNotContainPattern("TX:[^\\n]*\\n\\s+0 ");
        }
    }

    /** Whether a frame comes, perhaps after others of the kernel. */
    private static boolean arrives(NetDriver driver, byte[] frame) {
        Optional<ReceivedFrame> received = driver.receiveAny(PATIENCE);
        while (received.isPresent()) {
            if (Arrays.equals(received.get().bytes(), frame)) {
                return true;
            }
            received = driver.receiveAny(PATIENCE);
        }
        return false;
    }
}
