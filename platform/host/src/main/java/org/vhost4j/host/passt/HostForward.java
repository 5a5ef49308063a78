// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.passt;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A rule that forwards a port of the host to a port of the guest, in the syntax of QEMU's {@code hostfwd}:
 * {@code [tcp|udp]:[hostaddr]:hostport-[guestaddr]:guestport}. An IPv6 address is in brackets.
 *
 * @param udp true for UDP, false for TCP
 * @param hostAddress address on which the host listens; empty for all its addresses
 * @param hostPort port of the host, 1 to 65535
 * @param guestPort port of the guest, 1 to 65535
 */
public record HostForward(boolean udp, String hostAddress, int hostPort, int guestPort) {
    private static final String ADDRESS = "([0-9.]*|\\[[0-9a-fA-F:.]+\\])";
    private static final Pattern RULE =
            Pattern.compile("(|tcp|udp):" + ADDRESS + ":([0-9]{1,5})-" + ADDRESS + ":([0-9]{1,5})");

    /**
     * Parses a rule.
     *
     * @param text the rule in QEMU's syntax
     * @return the rule
     * @throws IllegalArgumentException when the rule is invalid, or contains a guest's address, which passt does not
     *     support; the message is for the user
     */
    public static HostForward parse(String text) {
        Matcher rule = RULE.matcher(text);
        if (!rule.matches()) {
            throw new IllegalArgumentException(
                    "hostfwd=" + text + ": it is [tcp|udp]:[hostaddr]:hostport-:guestport, such as tcp::2222-:22");
        }
        if (!rule.group(4).isEmpty()) {
            throw new IllegalArgumentException(
                    "hostfwd=" + text + ": passt forwards to the address that it gives out; leave the guest's out");
        }
        String address = rule.group(2);
        return new HostForward(
                rule.group(1).equals("udp"),
                address.startsWith("[") ? address.substring(1, address.length() - 1) : address,
                port(text, rule.group(3)),
                port(text, rule.group(5)));
    }

    private static int port(String text, String digits) {
        int port = Integer.parseInt(digits);
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("hostfwd=" + text + ": a port is 1 to 65535");
        }
        return port;
    }

    /**
     * Returns the rule as command-line arguments of passt.
     *
     * @return an option and its value
     */
    public List<String> arguments() {
        return List.of(
                udp ? "--udp-ports" : "--tcp-ports",
                (hostAddress.isEmpty() ? "" : hostAddress + "/") + hostPort + ":" + guestPort);
    }
}
