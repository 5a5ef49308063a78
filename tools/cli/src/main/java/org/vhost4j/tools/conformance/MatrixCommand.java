// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.conformance;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code vhost4j conformance matrix}: several back-ends side by side. */
@Command(
        name = "matrix",
        description =
                "Prints several reports side by side, as Markdown or as JSON. Reports with the same label are runs of one"
                        + " back-end, and cases with different outcomes are marked.",
        mixinStandardHelpOptions = true)
final class MatrixCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "FILE", description = "Files that --json wrote.")
    private List<Path> files = List.of();

    @Option(names = "--json", description = "As JSON.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        Matrix matrix = Matrix.of(files);
        spec.commandLine().getOut().print(json ? matrix.json() : matrix.markdown());
        spec.commandLine().getOut().flush();
        return 0;
    }
}
