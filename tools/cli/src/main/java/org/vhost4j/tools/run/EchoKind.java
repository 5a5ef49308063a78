// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import org.vhost4j.vhostuser.server.Switching;

/** {@code --port echo}: frames return to their sender, for measuring. */
final class EchoKind implements PortKind {
    @Override
    public String name() {
        return "echo";
    }

    @Override
    public String usage() {
        return "echo";
    }

    @Override
    public PortOption parse(String option, String rest) {
        CommaOptions.none(option, rest);
        return new PortOption.NoBridge(new Switching.Echoed());
    }
}
