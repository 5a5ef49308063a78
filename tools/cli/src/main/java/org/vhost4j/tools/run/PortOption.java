// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.ArrayList;
import java.util.List;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.vhostuser.server.Switching;
import org.vhost4j.vhostuser.server.Uplink;

/** {@code --port}: {@code tap:ifname=NAME}, {@code null[:copy=on]}, {@code echo} or {@code source:size=BYTES}. */
sealed interface PortOption {
    /** A TAP on the bridge. */
    record Tap(String ifname) implements PortOption {}

    /** What the bridge is replaced by. */
    record NoBridge(Switching switching) implements PortOption {}

    /**
     * Reads the option's value.
     *
     * @throws IllegalArgumentException in words for the user
     */
    static PortOption parse(String value) {
        int colon = value.indexOf(':');
        String kind = colon < 0 ? value : value.substring(0, colon);
        String rest = colon < 0 ? "" : value.substring(colon + 1);
        String option = "--port=" + value;
        return switch (kind) {
            case "tap" -> tap(option, rest);
            case "null" -> drop(option, rest);
            case "echo" -> {
                CommaOptions.none(option, rest);
                yield new NoBridge(new Switching.Echoed());
            }
            case "source" -> source(option, rest);
            default ->
                throw new IllegalArgumentException(
                        option + ": a port is tap:ifname=NAME, null[:copy=on], echo or source:size=BYTES");
        };
    }

    /**
     * What the options say together.
     *
     * @param options all of them; none for a bridge between the guests alone
     * @param host what the probe found, for TAPs
     * @param coalesce whether the bridge puts plain frames together
     * @throws UnsupportedOption when they do not go together
     */
    static Switching toSwitching(List<PortOption> options, HostCapabilities host, boolean coalesce) {
        List<Uplink> uplinks = new ArrayList<>();
        for (PortOption option : options) {
            switch (option) {
                case Tap tap ->
                    uplinks.add(new TapUplink(
                            tap.ifname(), host, line -> System.out.println("tap:" + tap.ifname() + ": " + line)));
                case NoBridge alone
                when options.size() == 1 -> {
                    return alone.switching();
                }
                case NoBridge alone ->
                    throw new UnsupportedOption("--port null, echo and source stand alone: they replace the bridge");
            }
        }
        return new Switching.Bridged(uplinks, coalesce);
    }

    private static PortOption tap(String option, String rest) {
        String ifname = CommaOptions.parse(option, rest, "ifname").get("ifname");
        // The kernel's IFNAMSIZ is 16 with the final zero.
        if (ifname == null || ifname.length() > 15) {
            throw new IllegalArgumentException(option + ": a TAP needs ifname=NAME of 1 to 15 characters");
        }
        return new Tap(ifname);
    }

    private static PortOption drop(String option, String rest) {
        return switch (CommaOptions.parse(option, rest, "copy").getOrDefault("copy", "off")) {
            case "on" -> new NoBridge(new Switching.Copied());
            case "off" -> new NoBridge(new Switching.Dropped());
            default -> throw new IllegalArgumentException(option + ": copy is on or off");
        };
    }

    private static PortOption source(String option, String rest) {
        String size = CommaOptions.parse(option, rest, "size").getOrDefault("size", "64");
        if (!size.matches("[0-9]{1,5}") || Integer.parseInt(size) < 14 || Integer.parseInt(size) > 65535) {
            throw new IllegalArgumentException(option + ": size is 14 to 65535 bytes");
        }
        return new NoBridge(new Switching.Source(Integer.parseInt(size)));
    }
}
