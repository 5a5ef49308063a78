// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.lab;

import java.time.Duration;

/** Network operations of guests for tests and the demo: addresses, ping, iperf3, udpcheck. */
public final class Traffic {
    private static final Duration LIMIT = Duration.ofMinutes(3);

    private Traffic() {}

    /**
     * Brings a guest's first interface up, with an IPv4 and an IPv6 address, and enables UDP segmentation if the device has it, which is
     * off by default in Linux.
     *
     * @param guest the guest
     * @param number the last part of both addresses, 1 to 254
     */
    public static void configure(Guest guest, int number) {
        guest.must("ip link set lo up; ip link set eth0 up && ip addr add %s/24 dev eth0 && ip addr add %s/64 dev eth0"
                .formatted(address(number), address6(number)));
        // Duplicate address detection takes a second, in which an address cannot be used.
        guest.must("for i in $(seq 100); do ip -6 addr show dev eth0 | grep -q tentative || break; sleep 0.1; done");
        CommandResult unused = guest.run("ethtool -K eth0 tx-udp-segmentation on", LIMIT);
    }

    /**
     * Returns a guest's IPv4 address.
     *
     * @param number the number of the guest, 1 to 254
     * @return the address 10.77.0.number
     */
    public static String address(int number) {
        return "10.77.0." + number;
    }

    /**
     * Returns a guest's IPv6 address.
     *
     * @param number the number of the guest, 1 to 254
     * @return the address fd77::number, with the number in hexadecimal
     */
    public static String address6(int number) {
        return "fd77::" + Integer.toHexString(number);
    }

    /**
     * Runs ping in a guest.
     *
     * @param from the guest that sends the requests
     * @param address the address that must answer
     * @return the last line of ping's output
     * @throws GuestFailure when a reply is missing
     */
    public static String ping(Guest from, String address) {
        // The first reply may be late because of address resolution; the three replies after it are checked.
        CommandResult unused = from.run("ping -c 1 -W 10 " + address, LIMIT);
        return from.run("ping -c 3 -i 0.2 -W 10 " + address, LIMIT)
                .orFail()
                .strip()
                .lines()
                .reduce((earlier, later) -> later)
                .orElse("");
    }

    /**
     * Starts an iperf3 server in a guest and waits until it listens.
     *
     * @param on the guest
     */
    public static void iperfServer(Guest on) {
        on.must(
                "iperf3 -s >/tmp/iperf3 2>&1 & for i in $(seq 300); do "
                        + "grep -q ':1451 .* 0A ' /proc/net/tcp /proc/net/tcp6 2>/dev/null && exit 0; sleep 0.1; done; cat /tmp/iperf3; exit 1");
    }

    /**
     * Runs iperf3 in a guest.
     *
     * @param client the guest that runs the client
     * @param server the address of the server
     * @param options further options such as {@code -R}, or an empty string
     * @param seconds the duration in seconds
     * @return the result
     */
    public static IperfResult iperf(Guest client, String server, String options, int seconds) {
        return IperfResult.parse(client.run("iperf3 -J -c %s -t %d %s".formatted(server, seconds, options), LIMIT)
                .output());
    }

    /**
     * The udpcheck summaries of the two ends of a transfer of datagrams.
     *
     * @param sender the summary of udpcheck send
     * @param receiver the summary of udpcheck recv
     */
    public record Exchange(UdpCheckResult sender, UdpCheckResult receiver) {
        /**
         * Returns whether every datagram arrived, once and undamaged.
         *
         * @return true when both ends report success
         */
        public boolean ok() {
            return sender.ok() && receiver.ok();
        }
    }

    /**
     * Sends datagrams with UDP_SEGMENT and checks every byte at the receiver.
     *
     * @param from the guest that sends
     * @param to the guest that receives
     * @param address the address of the receiver
     * @param options options of udpcheck send, such as {@code -n 5000}
     * @return the summaries of both ends
     */
    public static Exchange datagrams(Guest from, Guest to, String address, String options) {
        String family = address.contains(":") ? "-6 " : "";
        to.must(
                "rm -f /tmp/udp; udpcheck recv " + family + ">/tmp/udp 2>&1 & "
                        + "for i in $(seq 300); do grep -q listening=1 /tmp/udp 2>/dev/null && exit 0; sleep 0.1; done; cat /tmp/udp; exit 1");
        UdpCheckResult sender =
                UdpCheckResult.parse(from.run("udpcheck send %s%s %s".formatted(family, address, options), LIMIT)
                        .output());
        UdpCheckResult receiver = UdpCheckResult.parse(
                to.must("for i in $(seq 300); do grep -q result= /tmp/udp && break; sleep 0.1; done; cat /tmp/udp"));
        return new Exchange(sender, receiver);
    }
}
