// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.nio.file.Path;
import org.vhost4j.sys.SocketAddress;

/**
 * Parses a socket's address in an option: {@code unix:PATH}, or {@code HOST:PORT} with an IPv6 address in square
 * brackets.
 */
final class AddressOption {
    private AddressOption() {}

    /**
     * Parses an address.
     *
     * @param option the whole option, for messages
     * @param text the address
     * @throws IllegalArgumentException when it is invalid; the message is for the user
     */
    static SocketAddress parse(String option, String text) {
        if (text.startsWith("unix:") && text.length() > "unix:".length()) {
            return SocketAddress.unix(Path.of(text.substring("unix:".length())));
        }
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        String port = text.substring(colon + 1);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.contains(":")) {
            host = "";
        }
        if (host.isEmpty()
                || !port.matches("[0-9]{1,5}")
                || Integer.parseInt(port) < 1
                || Integer.parseInt(port) > 65535) {
            throw new IllegalArgumentException(
                    option + ": '" + text + "' is not an address, unix:PATH or HOST:PORT with a port of 1 to 65535");
        }
        return SocketAddress.internet(host, Integer.parseInt(port));
    }
}
