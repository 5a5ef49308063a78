// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.io.PrintWriter;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.definition.PlatformDifference;
import org.vhost4j.tools.common.Table;
import org.vhost4j.tools.common.Terminal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code vhost4j platform diff}: prints the differences between the promises and requirements of two platforms. */
@Command(
        name = "diff",
        description = "Prints how two platforms differ. Status 0 if they are equal, 1 if they differ.",
        mixinStandardHelpOptions = true)
final class DiffCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "A", description = "A platform.")
    @SuppressWarnings("NullAway.Init")
    private String left;

    @Parameters(index = "1", paramLabel = "B", description = "Another platform.")
    @SuppressWarnings("NullAway.Init")
    private String right;

    @Option(names = "--json", description = "As JSON.")
    private boolean json;

    @Mixin
    private DefinitionOptions definitions = new DefinitionOptions();

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        PlatformCatalog catalog = definitions.catalog(err);
        Optional<PlatformDefinition> one = catalog.platform(left);
        Optional<PlatformDefinition> other = catalog.platform(right);
        if (one.isEmpty() || other.isEmpty()) {
            return Failure.report(err, catalog.noSuchPlatform(one.isEmpty() ? left : right));
        }
        PlatformDifference difference = PlatformDifference.between(one.get(), other.get());
        if (json) {
            ObjectNode root = JsonOutput.of("platform-diff");
            root.put("left", one.get().name()).put("right", other.get().name());
            ArrayNode rows = root.putArray("differences");
            difference
                    .rows()
                    .forEach(row -> rows.addObject()
                            .put("what", row.what())
                            .put("left", row.left())
                            .put("right", row.right()));
            out.print(JsonOutput.text(root));
            out.flush();
            return difference.rows().isEmpty() ? 0 : 1;
        }
        Table table = new Table();
        table.row("", one.get().name(), other.get().name());
        difference.rows().forEach(row -> table.row(row.what(), row.left(), row.right()));
        out.print(
                difference.rows().isEmpty()
                        ? "Both promise and require the same.\n"
                        : table.text(Terminal.columnsOfRecords()));
        out.flush();
        return difference.rows().isEmpty() ? 0 : 1;
    }
}
