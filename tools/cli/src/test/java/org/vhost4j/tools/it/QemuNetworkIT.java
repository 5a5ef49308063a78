// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.guests.lab.Guest;
import org.vhost4j.guests.lab.IperfResult;
import org.vhost4j.guests.lab.Traffic;
import org.vhost4j.sys.SocketAddress;
import org.vhost4j.tools.run.DgramUplink;
import org.vhost4j.tools.run.StreamUplink;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Uplink;

/**
 * Tests the ports to another QEMU: {@code -netdev stream}, listening and connecting, and {@code -netdev dgram} over UDP
 * and over Unix sockets. Its guest has a device for each, and the back-end's guest downloads from all of them.
 */
class QemuNetworkIT {
    @TempDir
    Path directory;

    private final List<String> lines = new CopyOnWriteArrayList<>();

    @Test
    void aGuestDownloadsThroughEach() throws IOException {
        int tcp;
        int here;
        int there;
        try (ServerSocket one = new ServerSocket(0);
                DatagramSocket two = new DatagramSocket();
                DatagramSocket three = new DatagramSocket()) {
            tcp = one.getLocalPort();
            here = two.getLocalPort();
            there = three.getLocalPort();
        }
        List<Uplink> uplinks = List.of(
                new StreamUplink("client", unix("stream.sock"), false, line -> lines.add("client: " + line)),
                new StreamUplink(
                        "server", SocketAddress.internet("127.0.0.1", tcp), true, line -> lines.add("server: " + line)),
                new DgramUplink(
                        "udp",
                        SocketAddress.internet("127.0.0.1", here),
                        SocketAddress.internet("127.0.0.1", there),
                        line -> lines.add("udp: " + line)),
                new DgramUplink("unix", unix("here.sock"), unix("there.sock"), line -> lines.add("unix: " + line)));
        List<String> netdevs = List.of(
                "stream,server=on,addr.type=unix,addr.path=" + directory.resolve("stream.sock"),
                "stream,server=off,addr.type=inet,addr.host=127.0.0.1,addr.port=" + tcp,
                "dgram,local.type=inet,local.host=127.0.0.1,local.port=%d,remote.type=inet,remote.host=127.0.0.1,remote.port=%d"
                        .formatted(there, here),
                "dgram,local.type=unix,local.path=%s,remote.type=unix,remote.path=%s"
                        .formatted(directory.resolve("there.sock"), directory.resolve("here.sock")));
        List<String> arguments = new ArrayList<>();
        for (int i = 0; i < netdevs.size(); i++) {
            arguments.addAll(List.of(
                    "-netdev",
                    netdevs.get(i) + ",id=n" + i,
                    "-device",
                    "virtio-net-pci,netdev=n" + i + ",mac=02:00:00:00:01:0" + i));
        }
        try (LabFixture lab = LabFixture.start(directory, Map.of(), "linux-6.12", uplinks, Attach.NETDEV)) {
            Guest guest = lab.startNetdevGuest(0, "11", "", "mac=02:00:00:00:00:01");
            Guest peer = lab.start(1, List.of("--qemu", "11"), arguments);
            guest.waitUntilUp();
            peer.waitUntilUp();
            guest.must("ip link set lo up; ip link set eth0 up");
            // Each address of the peer is behind its own device alone.
            peer.must("ip link set lo up; echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore; "
                    + "echo 2 >/proc/sys/net/ipv4/conf/all/arp_announce");
            for (int i = 0; i < netdevs.size(); i++) {
                guest.must("ip addr add 10.78.%d.1/24 dev eth0".formatted(i));
                peer.must("ip link set eth%d up && ip addr add 10.78.%d.2/24 dev eth%d".formatted(i, i, i));
            }
            Traffic.iperfServer(peer);
            for (int i = 0; i < netdevs.size(); i++) {
                String address = "10.78." + i + ".2";
                Traffic.ping(guest, address);
                long before = sent(peer, i);
                IperfResult down = Traffic.iperf(guest, address, "-R", 2);
                assertThat(down.bytes()).as("%s down", netdevs.get(i)).isGreaterThan(100_000);
                assertThat(sent(peer, i) - before).as("by this device").isGreaterThan(down.bytes() / 2);
                assertThat(Traffic.iperf(guest, address, "", 2).bytes())
                        .as("%s up", netdevs.get(i))
                        .isGreaterThan(100_000);
            }
            assertThat(lines).contains("server: connected");
            assertThat(lines).anyMatch(line -> line.startsWith("client: connected to unix:"));
            assertThat(lines).noneMatch(line -> line.contains("Exception") || line.contains("\n"));
            lab.assertNoTrouble();
        }
    }

    private SocketAddress unix(String name) {
        return SocketAddress.unix(directory.resolve(name));
    }

    private static long sent(Guest guest, int device) {
        return Long.parseLong(guest.must("cat /sys/class/net/eth" + device + "/statistics/tx_bytes")
                .strip());
    }
}
