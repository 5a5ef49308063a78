// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.vhost4j.platform.definition.DefinitionProblem;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.SearchPath;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code vhost4j platform validate}: prints the errors in definitions. */
@Command(
        name = "validate",
        description = "Checks platform definitions: form, names, evidence, parents, dependencies.",
        mixinStandardHelpOptions = true)
final class ValidateCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", arity = "1..*", description = "Definitions, named NN-name.json.")
    @SuppressWarnings("NullAway.Init")
    private List<Path> files;

    @Option(names = "--machines", description = "The files are definitions of machines, not of platforms.")
    private boolean machines;

    @Option(
            names = "--platform-dir",
            paramLabel = "DIR",
            converter = DirectoryConverter.class,
            description = "An additional directory of definitions, where parents are looked up.")
    private List<Path> directories = new ArrayList<>();

    @Option(names = "--json", description = "As JSON.")
    private boolean json;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        SearchPath path = SearchPath.of(System.getenv(), directories);
        boolean good = true;
        ObjectNode root = JsonOutput.of("platform-validate");
        ArrayNode all = root.putArray("files");
        for (Path file : files) {
            List<DefinitionProblem> problems = machines
                    ? PlatformCatalog.validateMachines(file, path.machines())
                    : PlatformCatalog.validate(file, path.platforms());
            if (json) {
                add(all.addObject(), file, problems);
            } else {
                problems.forEach(err::println);
                if (problems.isEmpty()) {
                    out.println(file + ": good");
                }
            }
            good &= problems.isEmpty();
        }
        if (json) {
            out.print(JsonOutput.text(root));
        }
        out.flush();
        err.flush();
        return good ? 0 : Failure.STATUS;
    }

    private static void add(ObjectNode node, Path file, List<DefinitionProblem> problems) {
        ArrayNode array = node.put("file", file.toString())
                .put("good", problems.isEmpty())
                .putArray("problems");
        for (DefinitionProblem problem : problems) {
            array.addObject()
                    .put("line", problem.line())
                    .put("member", problem.member())
                    .put("message", problem.message());
        }
    }
}
