// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** {@code vhost4j port}: ports of a back-end that runs which are no guests, by its monitor. */
@Command(
        name = "port",
        description = "Adds, changes, removes and lists ports of a back-end that runs, such as a TAP.",
        mixinStandardHelpOptions = true,
        subcommands = {PortCommand.Add.class, PortCommand.Set.class, PortCommand.Remove.class, PortCommand.Listing.class
        })
public final class PortCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /** For picocli. */
    public PortCommand() {}

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "port: give one of " + String.join(", ", spec.subcommands().keySet()));
    }

    /** {@code port add}. */
    @Command(name = "add", description = "Adds a port; prints what it is called.", mixinStandardHelpOptions = true)
    static final class Add implements Callable<Integer> {
        @Mixin
        MonitorOptions monitor = new MonitorOptions();

        @Parameters(paramLabel = "PORT", description = "The port, as run --port has it.")
        String port = "";

        @Override
        public Integer call() throws IOException {
            return monitor.run("port-add", JsonNodeFactory.instance.objectNode().put(ConfigSetting.PORT, port));
        }
    }

    /** {@code port set}. */
    @Command(name = "set", description = "Changes settings of a port.", mixinStandardHelpOptions = true)
    static final class Set implements Callable<Integer> {
        @Mixin
        MonitorOptions monitor = new MonitorOptions();

        @Parameters(index = "0", paramLabel = "NAME", description = "What the port is called, such as tap:tap0.")
        String name = "";

        @Parameters(
                index = "1",
                paramLabel = "OPTION=VALUE[,…]",
                description = "tag, trunks, vlan_mode, port-security, flood-limit, and rates.")
        String settings = "";

        @Override
        public Integer call() throws IOException {
            return monitor.run(
                    "port-set",
                    MonitorOptions.settings(name, settings, ConfigSetting.port(), MonitorOptions.named(name)));
        }
    }

    /** {@code port remove}. */
    @Command(name = "remove", description = "Closes and removes a port.", mixinStandardHelpOptions = true)
    static final class Remove implements Callable<Integer> {
        @Mixin
        MonitorOptions monitor = new MonitorOptions();

        @Parameters(paramLabel = "NAME", description = "What the port is called, such as tap:tap0.")
        String name = "";

        @Override
        public Integer call() throws IOException {
            return monitor.run("port-remove", MonitorOptions.named(name));
        }
    }

    /** {@code port list}. */
    @Command(name = "list", description = "Lists the ports that are no guests.", mixinStandardHelpOptions = true)
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
