// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import org.vhost4j.bench.load.LoadCommand;
import picocli.CommandLine.Command;

/** {@code vhost4j bench}: the group of commands for performance measurements. */
@Command(
        name = "bench",
        description = "Compares this back-end with others, and builds of it with each other.",
        mixinStandardHelpOptions = true,
        subcommands = {
            PeerCommand.class,
            ReportMatrixCommand.class,
            CompareCommand.class,
            SegmentationCommand.class,
            LoadCommand.class
        })
public final class BenchCommand {
    /** Creates the command, for picocli. */
    public BenchCommand() {}
}
