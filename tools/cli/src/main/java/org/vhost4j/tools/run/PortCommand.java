// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** {@code vhost4j port}: ports of a running back-end other than guests', managed through its monitor. */
@Command(
        name = "port",
        description = "Adds, changes, removes and lists ports of a running back-end, such as a TAP.",
        mixinStandardHelpOptions = true,
        subcommands = {PortCommand.Add.class, PortCommand.Set.class, PortCommand.Remove.class, PortCommand.Listing.class
        })
public final class PortCommand extends CommandGroup {
    /** Creates the command, for picocli. */
    public PortCommand() {}

    /** The command {@code port add}. */
    @Command(name = "add", description = "Adds a port and prints its name.", mixinStandardHelpOptions = true)
    static final class Add implements Callable<Integer> {
        @Mixin
        MonitorOptions monitor = new MonitorOptions();

        @Parameters(paramLabel = "PORT", description = "The port, as in run --port.")
        String port = "";

        @Override
        public Integer call() throws IOException {
            return monitor.run("port-add", JsonNodeFactory.instance.objectNode().put(ConfigSetting.PORT, port));
        }
    }

    /** The command {@code port set}. */
    @Command(name = "set", description = "Changes settings of a port.", mixinStandardHelpOptions = true)
    static final class Set extends NamedCommand {
        @Parameters(
                index = "1",
                paramLabel = "OPTION=VALUE[,…]",
                description = "tag, trunks, vlan_mode, cvlans, qinq-ethtype, port-security, flood-limit, and rates.")
        String settings = "";

        @Override
        public Integer call() throws IOException {
            return set("port-set", settings, ConfigSetting.port());
        }
    }

    /** The command {@code port remove}. */
    @Command(name = "remove", description = "Closes and removes a port.", mixinStandardHelpOptions = true)
    static final class Remove extends NamedCommand {
        @Override
        public Integer call() throws IOException {
            return named("port-remove");
        }
    }

    /** The command {@code port list}. */
    @Command(name = "list", description = "Lists the ports other than guests.", mixinStandardHelpOptions = true)
    static final class Listing implements Callable<Integer> {
        @Mixin
        MonitorOptions monitor = new MonitorOptions();

        @Override
        public Integer call() throws IOException {
            ArrayNode others = JsonNodeFactory.instance.arrayNode();
            for (JsonNode port : monitor.ask("query-ports", JsonNodeFactory.instance.objectNode())) {
                if (!port.path("kind").asString().equals("guest")) {
                    others.add(port);
                }
            }
            return monitor.list(others, "name", "kind", "state", "vlan");
        }
    }
}
