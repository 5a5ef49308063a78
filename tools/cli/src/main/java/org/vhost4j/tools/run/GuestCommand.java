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
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code vhost4j guest}: guests of a back-end that runs, by its monitor. */
@Command(
        name = "guest",
        description = "Adds, changes, removes and lists guests of a back-end that runs.",
        mixinStandardHelpOptions = true,
        subcommands = {
            GuestCommand.Add.class,
            GuestCommand.Set.class,
            GuestCommand.Remove.class,
            GuestCommand.Listing.class
        })
public final class GuestCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /** For picocli. */
    public GuestCommand() {}

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "guest: give one of " + String.join(", ", spec.subcommands().keySet()));
    }

    /** {@code guest add}. */
    @Command(name = "add", description = "Adds a guest; prints what it is called.", mixinStandardHelpOptions = true)
    static final class Add implements Callable<Integer> {
        @Mixin
        MonitorOptions monitor = new MonitorOptions();

        @Parameters(
                paramLabel = "PATH[,OPTION=VALUE…]",
                description = "The guest's socket, as run --socket-path has it.")
        String guest = "";

        @Override
        public Integer call() throws IOException {
            int comma = guest.indexOf(',');
            ObjectNode arguments = JsonNodeFactory.instance
                    .objectNode()
                    .put(ConfigSetting.SOCKET, comma < 0 ? guest : guest.substring(0, comma));
            return monitor.run(
                    "guest-add",
                    MonitorOptions.settings(
                            guest, comma < 0 ? "" : guest.substring(comma + 1), ConfigSetting.guest(), arguments));
        }
    }

    /** {@code guest set}. */
    @Command(name = "set", description = "Changes settings of a guest.", mixinStandardHelpOptions = true)
    static final class Set implements Callable<Integer> {
        @Mixin
        MonitorOptions monitor = new MonitorOptions();

        @Parameters(index = "0", paramLabel = "NAME", description = "What the guest is called.")
        String name = "";

        @Parameters(
                index = "1",
                paramLabel = "OPTION=VALUE[,…]",
                description =
                        "mac, trust-guest-mac, link, tag, trunks, vlan_mode, port-security, flood-limit, and rates.")
        String settings = "";

        @Override
        public Integer call() throws IOException {
            return monitor.run(
                    "guest-set",
                    MonitorOptions.settings(name, settings, ConfigSetting.guest(), MonitorOptions.named(name)));
        }
    }

    /** {@code guest remove}. */
    @Command(name = "remove", description = "Disconnects and removes a guest.", mixinStandardHelpOptions = true)
    static final class Remove implements Callable<Integer> {
        @Mixin
        MonitorOptions monitor = new MonitorOptions();

        @Parameters(paramLabel = "NAME", description = "What the guest is called.")
        String name = "";

        @Override
        public Integer call() throws IOException {
            return monitor.run("guest-remove", MonitorOptions.named(name));
        }
    }

    /** {@code guest list}. */
    @Command(name = "list", description = "Lists the guests.", mixinStandardHelpOptions = true)
    static final class Listing implements Callable<Integer> {
        @Mixin
        MonitorOptions monitor = new MonitorOptions();

        @Override
        public Integer call() throws IOException {
            return monitor.list(
                    monitor.ask("query-devices", JsonNodeFactory.instance.objectNode()),
                    "name",
                    "state",
                    "link-up",
                    "mac",
                    "socket");
        }
    }
}
