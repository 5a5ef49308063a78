// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.InvalidPathException;

/** Parses the value of {@code --metrics}: {@code ADDRESS:PORT} or {@code unix:PATH}. */
public final class MetricsOption {
    private static final String UNIX = "unix:";
    private static final int MOST_PORT = 65535;

    private MetricsOption() {}

    /**
     * Parses the option's value.
     *
     * @param value an IPv4 address, an IPv6 address in brackets, or {@code localhost}, and a port; port 0 stands for
     *     any free port; or {@code unix:PATH}
     * @return the address to listen on
     * @throws IllegalArgumentException when the value is invalid; the message is for the user
     */
    public static SocketAddress parse(String value) {
        String option = "--metrics=" + value;
        if (value.startsWith(UNIX)) {
            try {
                if (value.length() > UNIX.length()) {
                    return UnixDomainSocketAddress.of(value.substring(UNIX.length()));
                }
            } catch (InvalidPathException e) {
                // Reported below.
            }
            throw new IllegalArgumentException(option + ": unix: is followed by the path of a socket");
        }
        int colon = value.lastIndexOf(':');
        String host = colon < 0 ? "" : value.substring(0, colon);
        String port = value.substring(colon + 1);
        if (host.isEmpty() || !port.matches("[0-9]{1,5}") || Integer.parseInt(port) > MOST_PORT) {
            throw new IllegalArgumentException(option
                    + ": give ADDRESS:PORT, such as 127.0.0.1:9478 or [::1]:9478, with a port up to " + MOST_PORT
                    + ", or unix:PATH");
        }
        return new InetSocketAddress(address(option, host), Integer.parseInt(port));
    }

    private static InetAddress address(String option, String host) {
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        String literal = bracketed ? host.substring(1, host.length() - 1) : host;
        try {
            if (literal.equals("localhost") && !bracketed) {
                return InetAddress.getByName(literal);
            }
            // A literal address causes no name lookup.
            if (bracketed ? literal.contains(":") : literal.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}")) {
                return InetAddress.ofLiteral(literal);
            }
        } catch (UnknownHostException | IllegalArgumentException e) {
            // Reported below.
        }
        throw new IllegalArgumentException(option + ": '" + host
                + "' is not an address of this host: give an IPv4 address, an IPv6 address in brackets, or localhost");
    }
}
