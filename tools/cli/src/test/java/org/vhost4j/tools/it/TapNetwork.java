// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import java.io.IOException;
import org.vhost4j.guests.lab.HostShell;
import org.vhost4j.guests.lab.Traffic;

/** The host's end of a TAP, in its own network namespace; the address is {@link Traffic#address} of {@value #HOST}. */
final class TapNetwork implements AutoCloseable {
    static final int HOST = 254;

    private final String namespace;
    private final String ifname;

    TapNetwork(String ifname) {
        this.ifname = ifname;
        this.namespace = "v4j-" + ifname;
    }

    /** An interface's name that no other test has, nor another run of the same ones: at most 15 characters. */
    static String name(int number) {
        return "v4jt" + number + "-" + ProcessHandle.current().pid();
    }

    /** Moves the TAP, which the back-end has opened, into the namespace, and brings it up. */
    void take() throws IOException {
        HostShell.run("ip netns del " + namespace + " 2>/dev/null; ip netns add " + namespace + " && ip link set "
                + ifname
                + " netns "
                + namespace + " && ip -n " + namespace + " link set lo up"
                + " && ip -n " + namespace + " link set " + ifname + " up"
                + " && ip -n " + namespace + " addr add " + Traffic.address(HOST) + "/24 dev " + ifname
                + " && ip -n " + namespace + " addr add " + Traffic.address6(HOST) + "/64 dev " + ifname + " nodad");
    }

    /** Starts an iperf3 server in the namespace; it ends with the test, or after ten minutes. */
    Process iperfServer() throws IOException {
        Process server = new ProcessBuilder("timeout", "600", "ip", "netns", "exec", namespace, "iperf3", "-s")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        HostShell.run(
                "for i in $(seq 600); do ip netns exec " + namespace
                        + " grep -q ':1451 .* 0A ' /proc/net/tcp6 /proc/net/tcp 2>/dev/null && exit 0; sleep 0.1; done; exit 1");
        return server;
    }

    /** A number out of the kernel's statistics of the interface, such as {@code rx_packets}. */
    long statistic(String name) throws IOException {
        return Long.parseLong(
                HostShell.run("ip netns exec " + namespace + " cat /sys/class/net/" + ifname + "/statistics/" + name)
                        .strip());
    }

    @Override
    public void close() throws IOException {
        HostShell.run("ip netns del " + namespace + " 2>/dev/null; true");
    }
}
