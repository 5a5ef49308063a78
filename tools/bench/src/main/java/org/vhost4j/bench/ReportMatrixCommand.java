// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.vhost4j.bench.result.ReportMatrix;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code vhost4j bench matrix}: shows reports of several machines side by side. */
@Command(
        name = "matrix",
        description = "Prints the result for each goal from several reports of bench peer, side by side, as Markdown "
                + "or as JSON.",
        mixinStandardHelpOptions = true)
final class ReportMatrixCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "FILE", description = "Files that bench peer --json wrote.")
    private List<Path> files = List.of();

    @Option(names = "--json", description = "As JSON.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() {
        ReportMatrix matrix = ReportMatrix.of(files);
        spec.commandLine().getOut().print(json ? matrix.json() + "\n" : matrix.markdown());
        spec.commandLine().getOut().flush();
        return 0;
    }
}
