// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code vhost4j guest}: guests of a running back-end, managed through its monitor. */
@Command(
        name = "guest",
        description = "Adds, changes, removes and lists guests of a running back-end.",
        mixinStandardHelpOptions = true,
        subcommands = {
            GuestCommand.Add.class,
            GuestCommand.Set.class,
            GuestCommand.Remove.class,
            GuestCommand.Listing.class
        })
public final class GuestCommand extends CommandGroup {
    /** Creates the command, for picocli. */
    public GuestCommand() {}

    /** The command {@code guest add}. */
    @Command(name = "add", description = "Adds a guest and prints its name.", mixinStandardHelpOptions = true)
    static final class Add implements Callable<Integer> {
        @Mixin
        MonitorOptions monitor = new MonitorOptions();

        @Parameters(
                paramLabel = "PATH[,OPTION=VALUE…]",
                description = "The guest's socket and settings, as in run --socket-path.")
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

    /** The command {@code guest set}. */
    @Command(name = "set", description = "Changes settings of a guest.", mixinStandardHelpOptions = true)
    static final class Set extends NamedCommand {
        @Parameters(
                index = "1",
                paramLabel = "OPTION=VALUE[,…]",
                description = "mac, trust-guest-mac, link, tag, trunks, vlan_mode, cvlans, qinq-ethtype, "
                        + "port-security, flood-limit, and rates.")
        String settings = "";

        @Override
        public Integer call() throws IOException {
            return set("guest-set", settings, ConfigSetting.guest());
        }
    }

    /** The command {@code guest remove}. */
    @Command(name = "remove", description = "Disconnects and removes a guest.", mixinStandardHelpOptions = true)
    static final class Remove extends NamedCommand {
        @Override
        public Integer call() throws IOException {
            return named("guest-remove");
        }
    }

    /** The command {@code guest list}. */
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
