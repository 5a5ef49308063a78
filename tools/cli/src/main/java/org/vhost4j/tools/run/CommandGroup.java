// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A command that does nothing without one of its subcommands. */
abstract class CommandGroup implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                spec.name() + ": give one of "
                        + String.join(", ", spec.subcommands().keySet()));
    }
}
