// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import org.vhost4j.vhostuser.server.Switching;

/** {@code --port source:size=BYTES}: guests receive frames as fast as they post buffers, for measuring. */
final class SourceKind implements PortKind {
    @Override
    public String name() {
        return "source";
    }

    @Override
    public String usage() {
        return "source:size=BYTES";
    }

    @Override
    public PortOption parse(String option, String rest) {
        String size = CommaOptions.parse(option, rest, "size").getOrDefault("size", "64");
        if (!size.matches("[0-9]{1,5}") || Integer.parseInt(size) < 14 || Integer.parseInt(size) > 65535) {
            throw new IllegalArgumentException(option + ": size is 14 to 65535 bytes");
        }
        return new PortOption.NoBridge(new Switching.Source(Integer.parseInt(size)));
    }
}
