// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.vhost4j.platform.definition.DeviceKind;
import org.vhost4j.platform.definition.MigrationExplanation;
import org.vhost4j.sys.BoundedFile;
import org.vhost4j.tools.common.Table;
import org.vhost4j.tools.common.Terminal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code vhost4j platform explain}: explains QEMU's message "Features 0x... unsupported. Allowed features: 0x...". */
@Command(
        name = "explain",
        description = "Explains why QEMU refused a migrated guest, and what would have prevented it.",
        mixinStandardHelpOptions = true)
final class ExplainCommand implements Callable<Integer> {
    /** Maximum size of a QEMU log in bytes, of which one line is relevant. */
    private static final int MOST_BYTES = 4 << 20;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(
            paramLabel = "WORD",
            arity = "1..*",
            description =
                    "The guest's features and the destination's, in hexadecimal; or any part of QEMU's log that has them;"
                            + " - reads it from standard input.")
    @SuppressWarnings("NullAway.Init")
    private List<String> words;

    @Option(names = "--json", description = "As JSON.")
    private boolean json;

    @Mixin
    private DefinitionOptions definitions = new DefinitionOptions();

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        List<MigrationExplanation> explanations;
        try {
            String text = words.equals(List.of("-"))
                    ? BoundedFile.readText(System.in, "standard input", MOST_BYTES)
                    : String.join(" ", words);
            explanations = MigrationExplanation.allOf(definitions.catalog(err), text);
        } catch (IllegalArgumentException | IOException e) {
            return Failure.report(err, e.getMessage());
        }
        out.print(
                json
                        ? ExplanationJson.text(explanations)
                        : explanations.stream().map(ExplainCommand::text).collect(Collectors.joining("\n")));
        out.flush();
        return 0;
    }

    /**
     * Returns the human-readable explanation.
     *
     * @param explanation the explanation
     * @return lines, each with its end
     */
    static String text(MigrationExplanation explanation) {
        Table table = new Table();
        table.row("BIT", "FEATURE", "PROPERTY", "GUEST", "ALLOWED", "", "ON SINCE MACHINE", "ON SINCE KERNEL");
        for (MigrationExplanation.Bit bit : explanation.bits()) {
            table.row(
                    Integer.toString(bit.number()),
                    bit.name(),
                    bit.property().orElse("-"),
                    bit.inGuest() ? "yes" : "no",
                    bit.isAllowed() ? "yes" : "no",
                    bit.stops() ? "STOPS THE MIGRATION" : "",
                    bit.sinceMachine().orElse("-"),
                    bit.sincePlatform().orElse("-"));
        }
        StringBuilder text = new StringBuilder(table.text(Terminal.columnsOfRecords()));
        List<MigrationExplanation.Bit> stopping = explanation.stopping();
        if (explanation.device().isEmpty()) {
            text.append("The device is ")
                    .append(explanation.section())
                    .append(", whose own feature bits vhost4j does not know: only bits 24 to 49 have names here.\n");
        }
        if (explanation.cause() == MigrationExplanation.Cause.BACK_END_LACKS) {
            text.append("The back-end (vhost-net of this host's kernel, or the vhost-user program) does not offer ")
                    .append(stopping.stream()
                            .map(MigrationExplanation.Bit::name)
                            .collect(Collectors.joining(", ")))
                    .append(", which QEMU was told to have or its guest has acknowledged.\n");
        } else if (!stopping.isEmpty()) {
            text.append("The guest uses ")
                    .append(stopping.stream()
                            .map(MigrationExplanation.Bit::name)
                            .collect(Collectors.joining(", ")))
                    .append(", which the destination does not offer.\n");
            if (!explanation.refused().isEmpty()) {
                text.append("It does not offer ")
                        .append(String.join(", ", explanation.refused()))
                        .append(" either: guests that use them are stopped as well.\n");
            }
        } else {
            text.append("According to these feature words the destination offers every bit that the guest uses.\n");
            if (explanation.suspects().isEmpty()) {
                return text.toString();
            }
            text.append(
                            "If they are from QEMU's message: QEMU 11.1 clears the bits that it refuses before it prints the guest's."
                                    + " It can have been ")
                    .append(String.join(", ", explanation.suspects()))
                    .append(".\n");
        }
        explanation
                .platform()
                .ifPresent(platform -> text.append("Platform ")
                        .append(platform.name())
                        .append(
                                " or older, on both sides from the first boot on, would have prevented what depends on the"
                                        + " host.\n"));
        explanation
                .device()
                .filter(device -> !explanation.settings().isEmpty())
                .ifPresent(device -> text.append("With plain QEMU: -device ")
                        .append(device.device())
                        .append("-pci,")
                        .append(String.join(",", explanation.settings()))
                        .append(" on both sides")
                        .append(device == DeviceKind.NET ? ", or 'vhost4j qemu-args'.\n" : ".\n"));
        return text.toString();
    }
}
