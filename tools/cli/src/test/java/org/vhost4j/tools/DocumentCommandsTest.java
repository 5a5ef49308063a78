// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.tools.endtoend.TestBackEnd;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;

/**
 * Tests the command lines in README.md and the pages in {@code docs}: all have existing options with valid values.
 * Those that need neither a guest nor another program are executed, and have the documented result; the reasons for the
 * others are listed.
 */
class DocumentCommandsTest {
    /** Why commands that begin like this are not run here. */
    private static final Map<String, String> NOT_RUN = new LinkedHashMap<>();

    static {
        NOT_RUN.put("vhost4j demo", "boots guests");
        NOT_RUN.put("vhost4j bench", "measures for minutes");
        NOT_RUN.put("vhost4j qemu-features", "starts four QEMUs: its own test does");
        NOT_RUN.put("vhost4j qemu", "becomes QEMU: QemuLauncherIT");
        NOT_RUN.put("vhost4j run", "line by line: DocumentedBackEndTest");
        NOT_RUN.put("vhost4j capture", "line by line: DocumentedBackEndTest");
        NOT_RUN.put("vhost4j conformance", "line by line: DocumentedBackEndTest");
        NOT_RUN.put("vhost4j guest", "line by line: DocumentedBackEndTest");
        NOT_RUN.put("vhost4j port", "line by line: DocumentedBackEndTest");
        NOT_RUN.put("vhost4j top", "line by line: DocumentedBackEndTest");
        NOT_RUN.put("vhost4j stats", "line by line: DocumentedBackEndTest");
        NOT_RUN.put("vhost4j=", "names the program for the lines that follow");
    }

    /** Beginnings of the commands that are not run here. */
    static Set<String> notRun() {
        return NOT_RUN.keySet();
    }

    /** The commands that are run here. Any other has to have its reason above: one that waits would hang. */
    private static final Set<String> RUN =
            Set.of("platform", "probe", "negotiate", "help", "generate-completion", "generate-manual", "--version");

    /** What the pages leave open, and what it is here. */
    private static final Map<String, String> PLACEHOLDERS = Map.of(
            "FILE",
            SourceTree.ROOT
                    .resolve("platform/definition/src/main/resources/org/vhost4j/platform/definition/platforms")
                    .resolve("50-linux-4.15.json")
                    .toString(),
            "NAME",
            "linux-6.1",
            "OLD",
            "linux-6.1",
            "NEW",
            "linux-6.9",
            "/run/my-backend.sock",
            "SOCKET");

    /** As 'run' without options: an IOMMU and the order of use are off unless asked for. */
    private static final FeatureSet OFFERED =
            TestBackEnd.OFFERED.minus(FeatureSet.of(Feature.ACCESS_PLATFORM, Feature.IN_ORDER));

    /** Commands that find something: what they end with is their answer. */
    private static final Map<String, Integer> STATUS = Map.of(
            // Our back-end offers LOG_ALL and takes it; the page speaks of one that does not.
            "negotiate SOCKET --features=+LOG_ALL --expect=refused",
            1,
            // Two platforms that differ.
            "platform diff OLD NEW",
            1,
            // Our back-end offers UFO.
            "negotiate SOCKET --expect-features=+MRG_RXBUF,-HOST_UFO",
            1);

    @TempDir
    private Path directory;

    @Test
    void everyOptionExists() throws IOException {
        List<String> findings = new ArrayList<>();
        List<DocumentCommand> all = DocumentCommand.all();
        assertThat(all).hasSizeGreaterThan(70);
        for (DocumentCommand command : all) {
            finding(command).ifPresent(finding -> findings.add(command + ": " + finding));
        }
        assertThat(findings).isEmpty();
    }

    private Optional<String> finding(DocumentCommand command) throws IOException {
        return command.program().startsWith("vhost4j") ? ofCommand(command) : ofScript(command);
    }

    private Optional<String> ofCommand(DocumentCommand command) {
        String[] arguments = arguments(command);
        try {
            Vhost4j.line(arguments).parseArgs(arguments);
            return Optional.empty();
        } catch (MissingParameterException e) {
            // Named in a sentence.
            return arguments.length <= 2 ? Optional.empty() : Optional.of(String.valueOf(e.getMessage()));
        } catch (ParameterException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    /** Whether a script is there, and says something about each option that it is given. */
    private static Optional<String> ofScript(DocumentCommand command) throws IOException {
        String path = command.words().getFirst();
        Path script = SourceTree.ROOT.resolve(path.substring(path.indexOf("tools/")));
        if (!Files.isExecutable(script)) {
            return Optional.of(script + " is not there");
        }
        String text = Files.readString(script);
        for (String word : command.arguments()) {
            if (word.equals("--")) {
                break;
            }
            String option = word.replaceAll("[\\[\\]]", "").replaceFirst("=.*", "");
            if (option.startsWith("--")
                    && !text.contains(option)
                    && !text.contains("|" + option.substring(2))
                    && !text.contains(option.substring(2) + " ")) {
                return Optional.of(script.getFileName() + " has no " + option);
            }
        }
        return Optional.empty();
    }

    /** The arguments with something instead of what the page leaves open. */
    private String[] arguments(DocumentCommand command) {
        Stream<String> words = command.arguments().stream()
                .filter(word -> !word.equals("…"))
                // What may be left out.
                .map(word -> word.replaceFirst("^\\[(--[^\\[\\]]*)]$", "$1"))
                .map(word -> word.equals("DIRECTORY") ? directory.toString() : PLACEHOLDERS.getOrDefault(word, word));
        return (command.program().equals("vhost4j-net") ? Stream.concat(Stream.of("run"), words) : words)
                .toArray(String[]::new);
    }

    @Test
    void whatNeedsNoGuestIsRun() throws IOException {
        List<String> findings = new ArrayList<>();
        Set<String> reasons = new HashSet<>();
        int run = 0;
        try (TestBackEnd backEnd = TestBackEnd.echo(OFFERED)) {
            for (DocumentCommand command : DocumentCommand.all()) {
                String words = "vhost4j " + String.join(" ", command.arguments());
                Optional<String> reason = NOT_RUN.keySet().stream()
                        .filter(start -> words.equals(start)
                                || words.startsWith(start + " ")
                                || command.words().getFirst().startsWith(start))
                        .findFirst();
                reason.ifPresent(reasons::add);
                if (!command.program().equals("vhost4j") || reason.isPresent() || isName(command)) {
                    continue;
                }
                if (!RUN.contains(command.arguments().getFirst())) {
                    findings.add(command + ": is it run here, or why not?");
                    continue;
                }
                run++;
                int expected = STATUS.getOrDefault(
                        String.join(" ", command.arguments()).replace("/run/my-backend.sock", "SOCKET"), 0);
                StringWriter output = new StringWriter();
                int status = run(command, backEnd.socket(0), new PrintWriter(output, true));
                if (status != expected
                        || output.toString().isBlank() != command.line().contains("generate-manual")) {
                    findings.add(command + ": status " + status + ", " + output);
                }
            }
        }
        assertThat(findings).isEmpty();
        assertThat(run).isGreaterThan(12);
        assertThat(reasons).containsExactlyInAnyOrderElementsOf(NOT_RUN.keySet());
    }

    /** Whether a sentence names a command without what it needs. */
    private boolean isName(DocumentCommand command) {
        String[] arguments = arguments(command);
        try {
            Vhost4j.line(arguments).parseArgs(arguments);
            // A group of commands says so itself.
            return List.of(List.of("platform"), List.of("guest"), List.of("port"))
                    .contains(List.of(arguments));
        } catch (MissingParameterException e) {
            return true;
        }
    }

    private int run(DocumentCommand command, Path socket, PrintWriter output) {
        String[] arguments = Stream.of(arguments(command))
                .map(word -> word.equals("SOCKET") ? socket.toString() : word)
                .toArray(String[]::new);
        CommandLine line = Vhost4j.line(arguments).setOut(output).setErr(output);
        line.setExecutionExceptionHandler((exception, failed, parsed) -> {
            output.println(FailureLine.of(exception));
            return FailureLine.status(exception);
        });
        return line.execute(arguments);
    }
}
