// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.nio.file.Path;
import java.util.Map;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Endpoint;

/** {@code --socket-path=PATH[,server=off][,attach=netdev|device]}: the options behind the path are in QEMU's style. */
final class EndpointOption {
    private EndpointOption() {}

    /**
     * Reads the option's value.
     *
     * @throws IllegalArgumentException in words for the user
     */
    static Endpoint parse(String value) {
        int comma = value.indexOf(',');
        String path = comma < 0 ? value : value.substring(0, comma);
        if (path.isEmpty()) {
            throw new IllegalArgumentException("--socket-path=" + value + ": the path is empty");
        }
        Map<String, String> options =
                CommaOptions.parse("--socket-path", comma < 0 ? "" : value.substring(comma + 1), "server", "attach");
        Attach attach = attach(value, options.getOrDefault("attach", "auto"));
        return switch (options.getOrDefault("server", "on")) {
            case "on" -> Endpoint.listen(Path.of(path), attach);
            case "off" -> Endpoint.connect(Path.of(path), attach);
            default -> throw new IllegalArgumentException("--socket-path=" + value + ": server is on or off");
        };
    }

    private static Attach attach(String value, String name) {
        return switch (name) {
            case "auto" -> Attach.AUTO;
            case "netdev" -> Attach.NETDEV;
            case "device" -> Attach.DEVICE;
            default ->
                throw new IllegalArgumentException("--socket-path=" + value + ": attach is netdev, device or auto");
        };
    }
}
