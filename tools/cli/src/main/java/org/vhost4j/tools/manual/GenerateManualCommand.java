// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.manual;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code vhost4j generate-manual}: writes the manual pages of all commands; hidden, because only packages use it. */
@Command(
        name = "generate-manual",
        description = "Writes a manual page of each command into a directory.",
        mixinStandardHelpOptions = true)
public final class GenerateManualCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(
            paramLabel = "DIRECTORY",
            description = "The directory of the pages, which is created if it does not exist.")
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    /** Creates the command, for picocli. */
    public GenerateManualCommand() {}

    @Override
    public Integer call() throws IOException {
        Files.createDirectories(directory);
        for (ManualPage page : ManualPage.allOf(spec.root().commandLine())) {
            Files.writeString(directory.resolve(page.file()), page.text());
        }
        return 0;
    }
}
