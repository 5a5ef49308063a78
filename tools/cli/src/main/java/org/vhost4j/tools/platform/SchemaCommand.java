// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.vhost4j.platform.definition.PlatformCatalog;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code vhost4j platform schema}: prints the JSON Schema of definitions, for editors and validators. */
@Command(name = "schema", description = "Prints the JSON Schema of definitions.", mixinStandardHelpOptions = true)
final class SchemaCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(
            paramLabel = "platform|machine",
            arity = "0..1",
            defaultValue = "platform",
            description = "The schema to print (default: ${DEFAULT-VALUE}).")
    private String kind = "platform";

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        switch (kind) {
            case "platform" -> out.print(PlatformCatalog.platformSchema());
            case "machine" -> out.print(PlatformCatalog.machineSchema());
            default -> {
                return Failure.report(
                        spec.commandLine().getErr(),
                        "There are schemas of platform and machine, not of '" + kind + "'.");
            }
        }
        out.flush();
        return 0;
    }
}
