// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.nio.file.Path;
import java.util.Map;
import org.vhost4j.device.frame.MacAddress;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Endpoint;

/**
 * {@code --socket-path=PATH[,server=off][,attach=netdev|device][,mac=ADDRESS[,trust-guest-mac=on]][,device-state=off]}: the options behind the path are in
 * QEMU's style.
 */
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
        Map<String, String> options = CommaOptions.parse(
                "--socket-path",
                comma < 0 ? "" : value.substring(comma + 1),
                "server",
                "attach",
                "mac",
                "trust-guest-mac",
                "device-state");
        Attach attach = attach(value, options.getOrDefault("attach", "auto"));
        Endpoint endpoint = switch (options.getOrDefault("server", "on")) {
            case "on" -> Endpoint.listen(Path.of(path), attach);
            case "off" -> Endpoint.connect(Path.of(path), attach);
            default -> throw new IllegalArgumentException("--socket-path=" + value + ": server is on or off");
        };
        boolean trust = switch (options.getOrDefault("trust-guest-mac", "off")) {
            case "on" -> true;
            case "off" -> false;
            default -> throw new IllegalArgumentException("--socket-path=" + value + ": trust-guest-mac is on or off");
        };
        boolean deviceState = switch (options.getOrDefault("device-state", "on")) {
            case "on" -> true;
            case "off" -> false;
            default -> throw new IllegalArgumentException("--socket-path=" + value + ": device-state is on or off");
        };
        endpoint = endpoint.withDeviceState(deviceState);
        String mac = options.get("mac");
        if (mac == null) {
            if (options.containsKey("trust-guest-mac")) {
                throw new IllegalArgumentException(
                        "--socket-path=" + value + ": trust-guest-mac is for a guest with mac=ADDRESS");
            }
            return endpoint;
        }
        return endpoint.withMac(mac(value, mac), trust);
    }

    private static long mac(String value, String text) {
        long mac;
        try {
            mac = MacAddress.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--socket-path=" + value + ": " + e.getMessage(), e);
        }
        if (mac == 0 || MacAddress.isGroup(mac)) {
            throw new IllegalArgumentException("--socket-path=" + value + ": " + text + " is "
                    + (mac == 0 ? "no address" : "a group's address") + ", a guest needs one of its own");
        }
        return mac;
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
