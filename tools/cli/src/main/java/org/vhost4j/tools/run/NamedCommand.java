// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Something that the monitor of a running back-end does with one guest or port. */
abstract class NamedCommand implements Callable<Integer> {
    @Mixin
    private MonitorOptions monitor = new MonitorOptions();

    @Parameters(index = "0", paramLabel = "NAME", description = "Its name, such as guest0 or tap:tap0.")
    private String name = "";

    /**
     * Runs a command of the monitor that has the name as its only argument.
     *
     * @return the status
     */
    final int named(String command) throws IOException {
        return monitor.run(command, MonitorOptions.named(name));
    }

    /**
     * Runs a command of the monitor that changes settings.
     *
     * @param settings as options have them
     * @param known the settings that there are
     * @return the status
     */
    final int set(String command, String settings, Map<String, ConfigSetting> known) throws IOException {
        return monitor.run(command, MonitorOptions.settings(name, settings, known, MonitorOptions.named(name)));
    }
}
