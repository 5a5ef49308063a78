// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code vhost4j platform}: the commands about platforms that need no guest. */
@Command(
        name = "platform",
        description = "Shows, checks and explains platforms.",
        mixinStandardHelpOptions = true,
        subcommands = {
            ProbeCommand.class,
            ShowCommand.class,
            CheckCommand.class,
            BaselineCommand.class,
            DiffCommand.class,
            ExplainCommand.class,
            LabelsCommand.class,
            ValidateCommand.class,
            SchemaCommand.class
        })
public final class PlatformCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "platform: give one of " + String.join(", ", spec.subcommands().keySet())
                        + "; 'vhost4j run -platform help' lists the platforms.");
    }
}
