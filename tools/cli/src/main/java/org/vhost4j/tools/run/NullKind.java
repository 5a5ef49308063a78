// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import org.vhost4j.vhostuser.server.Switching;

/** {@code --port null[:copy=on]}: frames are dropped, for measuring. */
final class NullKind implements PortKind {
    @Override
    public String name() {
        return "null";
    }

    @Override
    public String usage() {
        return "null[:copy=on]";
    }

    @Override
    public PortOption parse(String option, String rest) {
        return switch (CommaOptions.parse(option, rest, "copy").getOrDefault("copy", "off")) {
            case "on" -> new PortOption.NoBridge(new Switching.Copied());
            case "off" -> new PortOption.NoBridge(new Switching.Dropped());
            default -> throw new IllegalArgumentException(option + ": copy is on or off");
        };
    }
}
