// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** A command for one guest or port, which the monitor of a running back-end executes. */
abstract class NamedCommand implements Callable<Integer> {
    @Mixin
    private MonitorOptions monitor = new MonitorOptions();

    @Parameters(
            index = "0",
            paramLabel = "NAME",
            description = "The name of the guest or port, such as guest0 or tap:tap0.")
    private String name = "";

    /**
     * Runs a command of the monitor that has the name as its only argument.
     *
     * @return the exit status
     */
    final int named(String command) throws IOException {
        return monitor.run(command, MonitorOptions.named(name));
    }

    /**
     * Runs a command of the monitor that changes settings.
     *
     * @param settings settings in the syntax of options
     * @param known the valid settings
     * @return the exit status
     */
    final int set(String command, String settings, Map<String, ConfigSetting> known) throws IOException {
        return monitor.run(command, MonitorOptions.settings(name, settings, known, MonitorOptions.named(name)));
    }
}
