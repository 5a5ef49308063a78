// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.vhost4j.host.passt.HostForward;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.sys.ChildProcess;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.vhostuser.server.Uplink;

/** {@code --port user[:OPTIONS]}: the host's network without root, by passt. Options have QEMU's names. */
final class UserKind implements PortKind {
    private static final Pattern NETWORK =
            Pattern.compile("([0-9]{1,3}(?:\\.[0-9]{1,3}){2})\\.[0-9]{1,3}/([0-9]{1,2})");
    private static final Pattern ADDRESS = Pattern.compile("[0-9.]+|[0-9a-fA-F:.]+");

    /**
     * The option.
     *
     * @param program program, passt
     * @param arguments arguments of the program
     */
    record User(String program, List<String> arguments) implements PortOption.OnBridge {
        User {
            arguments = List.copyOf(arguments);
        }

        @Override
        public Uplink uplink(HostCapabilities host) {
            if (!ChildProcess.isThere(program)) {
                throw new UnsupportedOption("--port=user needs the program " + program + ": install the package passt");
            }
            List<String> command = new ArrayList<>(List.of(program));
            command.addAll(arguments);
            return new UserUplink(command, PortOption.lines("user"));
        }
    }

    @Override
    public String name() {
        return "user";
    }

    @Override
    public String usage() {
        return "user[:hostfwd=RULE]";
    }

    @Override
    public PortOption parse(String option, String rest) {
        String program = "passt";
        Network network = new Network();
        List<String> arguments = new ArrayList<>();
        for (String part : rest.isEmpty() ? new String[0] : rest.split(",", -1)) {
            int equals = part.indexOf('=');
            String key = equals < 0 ? part : part.substring(0, equals);
            String value = equals < 0 ? "" : part.substring(equals + 1);
            if (value.isEmpty()) {
                throw new IllegalArgumentException("%s: '%s' needs a value".formatted(option, key));
            }
            switch (key) {
                case "passt" -> program = value;
                case "hostfwd" -> arguments.addAll(forward(option, value));
                case "net" -> network.net = value;
                case "host" -> network.host = address(option, key, value);
                case "dhcpstart" -> network.guest = address(option, key, value);
                case "dns" -> arguments.addAll(List.of("--dns", address(option, key, value)));
                case "mtu" -> arguments.addAll(List.of("--mtu", mtu(option, value)));
                case "ipv4" -> arguments.addAll(without(option, key, value, "--ipv6-only"));
                case "ipv6" -> arguments.addAll(without(option, key, value, "--ipv4-only"));
                default ->
                    throw new IllegalArgumentException(("%s: there is no option '%s' "
                                    + "(hostfwd, net, host, dhcpstart, dns, mtu, ipv4, ipv6, passt)")
                            .formatted(option, key));
            }
        }
        if (arguments.contains("--ipv4-only") && arguments.contains("--ipv6-only")) {
            throw new IllegalArgumentException(option + ": ipv4 and ipv6 cannot both be off");
        }
        arguments.addAll(network.arguments(option));
        return new User(program, arguments);
    }

    private static List<String> forward(String option, String rule) {
        try {
            return HostForward.parse(rule).arguments();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(option + ": " + e.getMessage(), e);
        }
    }

    private static String address(String option, String key, String value) {
        if (!ADDRESS.matcher(value).matches()) {
            throw new IllegalArgumentException(option + ": " + key + " is an address");
        }
        return value;
    }

    private static String mtu(String option, String value) {
        if (!value.matches("[0-9]{1,5}") || Integer.parseInt(value) < 68 || Integer.parseInt(value) > 65_520) {
            throw new IllegalArgumentException(option + ": mtu is 68 to 65520 bytes");
        }
        return value;
    }

    private static List<String> without(String option, String key, String value, String argument) {
        return switch (value) {
            case "on" -> List.of();
            case "off" -> List.of(argument);
            default -> throw new IllegalArgumentException(option + ": " + key + " is on or off");
        };
    }

    /**
     * The IPv4 network between passt and the guest: as in QEMU when {@code net} is given, otherwise that of the host.
     */
    private static final class Network {
        private String net = "";
        private String host = "";
        private String guest = "";

        List<String> arguments(String option) {
            List<String> arguments = new ArrayList<>();
            if (!net.isEmpty()) {
                Matcher parts = NETWORK.matcher(net);
                if (!parts.matches() || Integer.parseInt(parts.group(2)) > 30) {
                    throw new IllegalArgumentException(option + ": net is an IPv4 network, such as 10.0.2.0/24");
                }
                // As in QEMU: the gateway is the second address, the guest gets the fifteenth.
                host = host.isEmpty() ? parts.group(1) + ".2" : host;
                guest = guest.isEmpty() ? parts.group(1) + ".15" : guest;
                arguments.addAll(List.of("--netmask", parts.group(2)));
            }
            if (!host.isEmpty()) {
                arguments.addAll(List.of("--gateway", host));
            }
            if (!guest.isEmpty()) {
                arguments.addAll(List.of("--address", guest));
            }
            return arguments;
        }
    }
}
