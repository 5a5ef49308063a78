// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.vhost4j.tools.common.Version;

/**
 * Tests that commands print the output that the pages show, and that each command that {@link DocumentCommandsTest}
 * does not execute is executed by another test, or was by hand on the date in its page. In shown output {@code ...}
 * matches any text.
 */
class DocumentOutputTest {
    private static final String TESTS = "tools/cli/src/test/java/org/vhost4j/";

    /** Run by hand, because they install packages, take an hour, or need what no test may need. A page has the day. */
    private static final Set<String> BY_HAND = Set.of(
            "tools/aot",
            "tools/arm64",
            "tools/conformance-peers",
            "tools/front-ends",
            "tools/kubernetes",
            "tools/lab/ovs-echo",
            "tools/package",
            "tools/package-trial",
            "tools/reliability",
            "tools/unit-trial",
            "tools/uso",
            "tools/witness");

    /** The file of the test that runs a command, and what it has of the command. */
    private static final Map<String, List<String>> RUN_BY = Map.ofEntries(
            Map.entry("vhost4j demo", List.of(TESTS + "tools/it/DemoIT.java", "\"demo\"")),
            Map.entry("vhost4j bench", List.of(TESTS + "bench/PeerCommandIT.java", "new PeerCommand()")),
            Map.entry(
                    "vhost4j qemu-features", List.of(TESTS + "tools/qemu/QemuFeaturesCommandTest.java", "--markdown")),
            Map.entry("vhost4j qemu", List.of(TESTS + "tools/start/QemuLauncherIT.java", "-platform")),
            Map.entry("vhost4j run", List.of(TESTS + "tools/DocumentedBackEndTest.java", "\"run\"")),
            Map.entry("vhost4j capture", List.of(TESTS + "tools/DocumentedBackEndTest.java", "\"capture\"")),
            Map.entry("vhost4j conformance", List.of(TESTS + "tools/DocumentedBackEndTest.java", "\"conformance\"")),
            Map.entry("vhost4j guest", List.of(TESTS + "tools/DocumentedBackEndTest.java", "\"guest\"")),
            Map.entry("vhost4j port", List.of(TESTS + "tools/DocumentedBackEndTest.java", "\"port\"")),
            Map.entry("vhost4j top", List.of(TESTS + "tools/DocumentedBackEndTest.java", "\"top\"")),
            Map.entry("vhost4j stats", List.of(TESTS + "tools/DocumentedBackEndTest.java", "\"stats\"")),
            Map.entry("tools/test", List.of(".ci/run", "tools/test")),
            Map.entry("tools/build", List.of(TESTS + "tools/launcher/LauncherTest.java", "tools/build")),
            Map.entry("tools/vhost4j-net", List.of(TESTS + "tools/launcher/LauncherTest.java", "vhost4j-net")),
            Map.entry("tools/lab/provision", List.of("tools/test", "tools/lab/provision")),
            Map.entry(
                    "tools/lab/guest",
                    List.of("tools/guests/src/main/java/org/vhost4j/guests/lab/Lab.java", "\"guest\"")),
            Map.entry("tools/lab/guest-exec", List.of("tools/package-trial", "guest-exec")),
            Map.entry("tools/fuzz", List.of(TESTS + "fuzz/ShortFuzzTest.java", "tools/fuzz")),
            Map.entry("tools/attack", List.of(TESTS + "fuzz/attack/ConcurrentAttackTest.java", "tools/attack")),
            Map.entry("tools/isolation", List.of(TESTS + "tools/endtoend/isolation/Rounds.java", "tools/isolation")),
            Map.entry("tools/load", List.of(TESTS + "tools/endtoend/load/LoadTest.java", "tools/load")),
            Map.entry("tools/crash", List.of(TESTS + "tools/it/CrashIT.java", "tools/crash")),
            Map.entry("tools/migration", List.of(TESTS + "tools/it/MigrationIT.java", "tools/migration")),
            Map.entry("tools/takeover", List.of(TESTS + "tools/it/TakeOverIT.java", "tools/takeover")));

    private static final Pattern MESSAGE = Pattern.compile("(?:vhost4j|lab|package-trial|arm64): [^\"\\n]+");
    private static final Pattern VARIABLE = Pattern.compile("\\$\\{[^}]*}|\\$\\([^)]*\\)|\\$[\\w*@]+");
    private static final Pattern DAY = Pattern.compile("20\\d\\d-\\d\\d-\\d\\d");

    @Test
    void whatIsNotRunHereIsRunByATestThatIsThere() throws IOException {
        List<String> findings = new ArrayList<>();
        Set<String> undated = new TreeSet<>(BY_HAND);
        for (Map.Entry<String, List<String>> entry : RUN_BY.entrySet()) {
            Path test = SourceTree.ROOT.resolve(entry.getValue().getFirst());
            if (!Files.exists(test)
                    || !Files.readString(test).contains(entry.getValue().getLast())) {
                findings.add(entry.getKey() + ": " + test + " is not there, or has no "
                        + entry.getValue().getLast());
            }
        }
        for (DocumentCommand command : DocumentCommand.all()) {
            String path = command.words().getFirst().replaceFirst("^.*(?=tools/)", "");
            boolean script = path.startsWith("tools/") && !path.equals("tools/vhost4j");
            if (script && !RUN_BY.containsKey(path) && !BY_HAND.contains(path)) {
                findings.add(command + ": which test runs it?");
            }
            if (BY_HAND.contains(path)
                    && DAY.matcher(Files.readString(
                                    SourceTree.ROOT.resolve("docs").resolve(command.page())))
                            .find()) {
                undated.remove(path);
            }
        }
        undated.forEach(path -> findings.add(path + ": no page says when it was run"));
        assertThat(findings).isEmpty();
    }

    @Test
    void everyCommandThatIsNotRunHasATest() {
        Set<String> without = new TreeSet<>(DocumentCommandsTest.notRun());
        without.removeAll(RUN_BY.keySet());
        assertThat(without).containsExactly("vhost4j=");
    }

    @Test
    void whatIsShownIsPrinted() throws IOException {
        List<String> findings = new ArrayList<>();
        List<Pattern> messages = messages();
        int compared = 0;
        for (DocumentCommand command : DocumentCommand.all()) {
            for (String line : command.shown()) {
                if (MESSAGE.matcher(line).matches()) {
                    compared++;
                    if (messages.stream().noneMatch(each -> each.matcher(line).matches())) {
                        findings.add(command + ": no script says: " + line);
                    }
                }
            }
            List<String> printed = command.shown().stream()
                    .filter(line -> !line.isEmpty()
                            && !line.startsWith("#")
                            && !MESSAGE.matcher(line).matches())
                    .toList();
            if (!printed.isEmpty() && command.program().equals("vhost4j") && !isRunElsewhere(command)) {
                compared++;
                String output = output(command);
                if (!pattern(printed).matcher(output).matches()) {
                    findings.add(command + " prints " + output);
                }
            }
        }
        assertThat(findings).isEmpty();
        assertThat(compared).isGreaterThan(10);
    }

    private static boolean isRunElsewhere(DocumentCommand command) {
        String line = "vhost4j " + String.join(" ", command.arguments());
        return RUN_BY.keySet().stream().anyMatch(start -> line.equals(start) || line.startsWith(start + " "));
    }

    private static String output(DocumentCommand command) {
        StringWriter out = new StringWriter();
        String[] arguments = command.arguments().toArray(String[]::new);
        int status = Vhost4j.line(arguments)
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(out, true))
                .execute(arguments);
        assertThat(status).as("%s: %s", command, out).isBetween(0, 1);
        return out.toString().replace("vhost4j " + Version.current() + "\n", "vhost4j 0.1.0-SNAPSHOT\n");
    }

    /** Blanks at the beginnings of lines are the page's; {@code ...} alone on a line stands for any lines. */
    static Pattern pattern(List<String> shown) {
        return Pattern.compile(shown.stream()
                .map(line -> line.equals("...")
                        ? "(?:.*\\n)*"
                        : " *"
                                + Stream.of(line.split("\\.\\.\\.", -1))
                                        .map(Pattern::quote)
                                        .collect(Collectors.joining(".*"))
                                + "\\n")
                .collect(Collectors.joining()));
    }

    /** What the scripts say, with anything in the places of their variables. */
    private static List<Pattern> messages() throws IOException {
        List<Pattern> messages = new ArrayList<>();
        try (Stream<Path> files = Stream.of("tools", "tools/lab").flatMap(DocumentOutputTest::list)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String text = Files.readString(file).replaceAll("\\bsay \"", "say \"" + sayer(file) + ": ");
                MESSAGE.matcher(text)
                        .results()
                        .map(found -> Stream.of(VARIABLE.split(found.group(), -1))
                                .map(Pattern::quote)
                                .collect(Collectors.joining(".*")))
                        .forEach(message -> messages.add(Pattern.compile(message)));
            }
        }
        return messages;
    }

    private static String sayer(Path file) {
        String name = file.getFileName().toString();
        return file.startsWith(SourceTree.ROOT.resolve("tools/lab"))
                ? "lab"
                : name.equals("package-trial") ? name : "vhost4j";
    }

    private static Stream<Path> list(String directory) {
        try (Stream<Path> files = Files.list(SourceTree.ROOT.resolve(directory))) {
            return files.toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
