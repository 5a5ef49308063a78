// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.lab;

import java.time.Duration;

/** What tests and the demo have guests do: addresses, ping, iperf3, udpcheck. */
public final class Traffic {
    private static final Duration LIMIT = Duration.ofMinutes(3);

    private Traffic() {}

    /**
     * Brings a guest's first interface up, with an IPv4 and an IPv6 address and UDP segmentation if the device has it: Linux
     * leaves that off until asked.
     *
     * @param guest the guest
     * @param number 1 to 254, the last part of both addresses
     */
    public static void configure(Guest guest, int number) {
        guest.must("ip link set lo up; ip link set eth0 up && ip addr add %s/24 dev eth0 && ip addr add %s/64 dev eth0"
                .formatted(address(number), address6(number)));
        // Duplicate address detection takes a second, in which an address cannot be used.
        guest.must("for i in $(seq 100); do ip -6 addr show dev eth0 | grep -q tentative || break; sleep 0.1; done");
        CommandResult unused = guest.run("ethtool -K eth0 tx-udp-segmentation on", LIMIT);
    }

    /**
     * A guest's IPv4 address.
     *
     * @param number 1 to 254
     * @return 10.77.0.number
     */
    public static String address(int number) {
        return "10.77.0." + number;
    }

    /**
     * A guest's IPv6 address.
     *
     * @param number 1 to 254
     * @return fd77::number, in hexadecimal
     */
    public static String address6(int number) {
        return "fd77::" + Integer.toHexString(number);
    }

    /**
     * Pings.
     *
     * @param from who asks
     * @param address who answers
     * @return ping's last line
     * @throws GuestFailure when an answer is missing
     */
    public static String ping(Guest from, String address) {
        // The first answer may be late, because the address is looked up; the three that count come after it.
        CommandResult unused = from.run("ping -c 1 -W 10 " + address, LIMIT);
        return from.run("ping -c 3 -i 0.2 -W 10 " + address, LIMIT)
                .orFail()
                .strip()
                .lines()
                .reduce((earlier, later) -> later)
                .orElse("");
    }

    /**
     * Starts an iperf3 server and waits until it listens.
     *
     * @param on the guest
     */
    public static void iperfServer(Guest on) {
        on.must(
                "iperf3 -s >/tmp/iperf3 2>&1 & for i in $(seq 300); do "
                        + "grep -q ':1451 .* 0A ' /proc/net/tcp /proc/net/tcp6 2>/dev/null && exit 0; sleep 0.1; done; cat /tmp/iperf3; exit 1");
    }

    /**
     * Runs iperf3.
     *
     * @param client the client
     * @param server the server's address
     * @param options such as {@code -R}, or nothing
     * @param seconds the duration
     * @return the result
     */
    public static IperfResult iperf(Guest client, String server, String options, int seconds) {
        return IperfResult.parse(client.run("iperf3 -J -c %s -t %d %s".formatted(server, seconds, options), LIMIT)
                .output());
    }

    /**
     * What the two ends of an exchange of datagrams say.
     *
     * @param sender the summary of udpcheck send
     * @param receiver the summary of udpcheck recv
     */
    public record Exchange(UdpCheckResult sender, UdpCheckResult receiver) {
        /**
         * Whether every datagram arrived, once and whole.
         *
         * @return true when both ends say so
         */
        public boolean ok() {
            return sender.ok() && receiver.ok();
        }
    }

    /**
     * Sends datagrams with UDP_SEGMENT and has every byte checked at the other end.
     *
     * @param from who sends
     * @param to who receives
     * @param address the receiver's address
     * @param options of udpcheck send, such as {@code -n 5000}
     * @return what both ends say
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
