// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.frame.MacAddress;
import org.vhost4j.host.io.SocketAccess;
import org.vhost4j.sys.ActivatedSockets.Activated;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Endpoint;

/**
 * Parses {@code --socket-path=PATH[,OPTION=VALUE…]} and {@code --fd=FDNUM|NAME[,OPTION=VALUE…]}: options in QEMU's
 * style. Options of a guest are valid with both, those of a file only with a path.
 */
final class EndpointOption {
    /** Options that can change while the guest is served, in addition to {@link PortSettings#KEYS}. */
    private static final List<String> CHANGEABLE = List.of("mac", "trust-guest-mac", "link");

    /** Options of a guest, for a socket with a path and for an inherited one. */
    static final List<String> OF_GUEST =
            together(List.of(List.of("name", "attach", "device-state"), CHANGEABLE, PortSettings.KEYS));

    /** Options that can be changed for a served guest. */
    static final List<String> OF_SERVED = together(List.of(CHANGEABLE, PortSettings.KEYS));

    /** Options of a socket with a path. */
    static final List<String> OF_FILE = List.of("server", "mode", "group");

    /** Options of a guest whose socket has a path. */
    static final List<String> OF_LISTENING = together(List.of(OF_GUEST, OF_FILE));

    private static final String NAME = "[A-Za-z0-9._-]{1,32}";
    private static final String UP = "up";
    private static final String DOWN = "down";

    private EndpointOption() {}

    /**
     * Parses a value of {@code --socket-path}.
     *
     * @throws IllegalArgumentException when it is invalid; the message is for the user
     */
    static Endpoint parse(String value) {
        return parse(value, null);
    }

    /**
     * Parses a value of {@code --socket-path}.
     *
     * @param group group whose members may connect where the value does not say, or null
     * @throws IllegalArgumentException when it is invalid; the message is for the user
     */
    static Endpoint parse(String value, @Nullable String group) {
        String whole = "--socket-path=" + value;
        int comma = value.indexOf(',');
        String path = comma < 0 ? value : value.substring(0, comma);
        if (path.isEmpty()) {
            throw new IllegalArgumentException(whole + ": the path is empty");
        }
        return of(whole, path, options("--socket-path", value, OF_LISTENING), group);
    }

    /**
     * Returns the endpoint of a socket with a path.
     *
     * @param whole the whole option, for messages
     * @param path path of the socket
     * @param options options of guest and socket by key, all of them valid
     * @param group group whose members may connect where the options do not say, or null
     * @throws IllegalArgumentException when it is invalid; the message is for the user
     */
    static Endpoint of(String whole, String path, Map<String, String> options, @Nullable String group) {
        Attach attach = attach(whole, options.getOrDefault("attach", "auto"));
        if (!isOn(whole, "server", options.getOrDefault("server", "on"))) {
            if (options.containsKey("mode") || options.containsKey("group")) {
                throw new IllegalArgumentException(
                        whole + ": mode and group apply only to a socket that this program creates");
            }
            return ofGuest(whole, options, Endpoint.connect(Path.of(path), attach));
        }
        return ofGuest(
                whole, options, Endpoint.listen(Path.of(path), attach).withAccess(access(whole, options, group)));
    }

    /**
     * Parses a value of {@code --fd}.
     *
     * @param activated the sockets that the service manager has opened
     * @throws IllegalArgumentException when it is invalid; the message is for the user
     */
    static Endpoint parseDescriptor(String value, List<Activated> activated) {
        String whole = "--fd=" + value;
        int comma = value.indexOf(',');
        int number = descriptor(whole, comma < 0 ? value : value.substring(0, comma), activated);
        Map<String, String> options = options("--fd", value, OF_GUEST);
        return ofGuest(
                whole, options, Endpoint.inherited(number, attach(whole, options.getOrDefault("attach", "auto"))));
    }

    private static int descriptor(String whole, String text, List<Activated> activated) {
        if (text.matches("[0-9]{1,9}")) {
            return Integer.parseInt(text);
        }
        List<Activated> named =
                activated.stream().filter(each -> each.name().equals(text)).toList();
        if (named.size() == 1) {
            return named.getFirst().number();
        }
        List<String> names = activated.stream().map(Activated::name).toList();
        throw new IllegalArgumentException(whole + ": "
                + (named.size() > 1
                        ? named.size() + " sockets of the service manager have this name: give their numbers, from "
                                + named.getFirst().number()
                        : "neither a descriptor's number nor the name of a socket that the service manager has opened"
                                + (names.isEmpty() ? "" : " (" + String.join(", ", names) + ")")));
    }

    private static Map<String, String> options(String option, String value, List<String> known) {
        int comma = value.indexOf(',');
        return CommaOptions.parse(option, comma < 0 ? "" : value.substring(comma + 1), known.toArray(String[]::new));
    }

    private static List<String> together(List<List<String>> some) {
        return some.stream().flatMap(List::stream).toList();
    }

    private static Endpoint ofGuest(String whole, Map<String, String> options, Endpoint endpoint) {
        String name = options.get("name");
        if (name != null && !name.matches(NAME)) {
            throw new IllegalArgumentException(
                    whole + ": name '" + name + "': a name has 1 to 32 letters, digits, '.', '_' and '-'");
        }
        if (options.containsKey("trust-guest-mac") && !options.containsKey("mac")) {
            throw new IllegalArgumentException(whole + ": trust-guest-mac is for a guest with mac=ADDRESS");
        }
        return changed(
                whole,
                options,
                endpoint.withName(name)
                        .withDeviceState(isOn(whole, "device-state", options.getOrDefault("device-state", "on"))));
    }

    /**
     * Returns a served guest with changed settings.
     *
     * @param whole the whole option, for messages
     * @param options options by key, of {@link #OF_SERVED}; the others do not change
     * @param guest the guest
     * @throws IllegalArgumentException when it is invalid; the message is for the user
     */
    static Endpoint changed(String whole, Map<String, String> options, Endpoint guest) {
        Endpoint with = PortSettings.read(whole, options).over(guest);
        String link = options.getOrDefault("link", guest.linkUp() ? UP : DOWN);
        if (!link.equals(UP) && !link.equals(DOWN)) {
            throw new IllegalArgumentException(whole + ": link is up or down");
        }
        with = with.withLink(link.equals(UP));
        String mac = options.get("mac");
        boolean trust = isOn(
                whole, "trust-guest-mac", options.getOrDefault("trust-guest-mac", guest.trustMac() ? "on" : "off"));
        if (mac != null) {
            return with.withMac(mac(whole, mac), trust);
        }
        if (options.containsKey("trust-guest-mac") && guest.mac() == PortRules.NO_MAC) {
            throw new IllegalArgumentException(whole + ": trust-guest-mac is for a guest with mac=ADDRESS");
        }
        return with.withMac(guest.mac(), trust);
    }

    private static SocketAccess access(String whole, Map<String, String> options, @Nullable String group) {
        try {
            return SocketAccess.parse(options.get("mode"), options.getOrDefault("group", group));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(whole + ": " + e.getMessage(), e);
        }
    }

    private static boolean isOn(String whole, String option, String value) {
        return switch (value) {
            case "on" -> true;
            case "off" -> false;
            default -> throw new IllegalArgumentException(whole + ": " + option + " is on or off");
        };
    }

    private static long mac(String whole, String text) {
        long mac;
        try {
            mac = MacAddress.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(whole + ": " + e.getMessage(), e);
        }
        if (mac == 0 || MacAddress.isGroup(mac)) {
            throw new IllegalArgumentException(whole + ": " + text + " is "
                    + (mac == 0 ? "no address" : "a group's address") + ", a guest needs one of its own");
        }
        return mac;
    }

    private static Attach attach(String whole, String name) {
        return switch (name) {
            case "auto" -> Attach.AUTO;
            case "netdev" -> Attach.NETDEV;
            case "device" -> Attach.DEVICE;
            default -> throw new IllegalArgumentException(whole + ": attach is netdev, device or auto");
        };
    }
}
