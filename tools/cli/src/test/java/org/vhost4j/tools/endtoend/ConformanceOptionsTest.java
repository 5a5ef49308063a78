// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.tools.SourceTree;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.tools.conformance.ConformanceCommand;
import picocli.CommandLine;

/** Tests the options of {@code conformance} with the real back-end. */
class ConformanceOptionsTest {
    @TempDir
    private Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int conformance(Path socket, String... arguments) {
        return conformance(socket, out, arguments);
    }

    private int conformance(Path socket, Writer to, String... arguments) {
        CommandLine line = new CommandLine(new ConformanceCommand());
        line.setExecutionExceptionHandler((problem, command, parsed) -> {
            err.append(String.valueOf(problem.getMessage()));
            return problem instanceof UnsupportedOption ? 2 : 3;
        });
        line.setOut(new PrintWriter(to, true));
        line.setErr(new PrintWriter(err, true));
        List<String> all = new ArrayList<>(List.of(socket.toString()));
        all.addAll(List.of(arguments));
        if (all.stream().noneMatch(each -> each.startsWith("--timeout"))) {
            // Nothing fails because the machine is slow.
            all.add("--timeout=60");
        }
        return line.execute(all.toArray(new String[0]));
    }

    private Path file(String name, String... lines) throws Exception {
        return Files.write(directory.resolve(name), List.of(lines));
    }

    @Test
    void anExpectedFailureIsNoneAndAnUnexpectedPassIsOne() throws Exception {
        Path junit = directory.resolve("report.xml");
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            // The loop is not what the back-end does, so that frames differ from what is awaited.
            Path known = file("known", "# what is known", "", "ring.resume 9999-12-31 frames come back swapped");
            assertThat(conformance(
                            backEnd.socket(0),
                            "--loop=echo",
                            "--only=ring.resume",
                            "--expected=" + known,
                            "--junit=" + junit))
                    .isZero();
            assertThat(out.toString()).contains("fails as expected", "1 failed as expected");
            assertThat(Files.readString(junit))
                    .contains("<skipped message=\"fails as expected: frames come back swapped");
            Path wrong = file("wrong", "ring.* 9999-12-31 nothing runs");
            assertThat(conformance(backEnd.socket(0), "--only=ring.base", "--expected=" + wrong))
                    .isEqualTo(1);
            assertThat(out.toString()).contains("UNEXPECTED PASS", "remove line 1 of " + wrong);
        }
    }

    @Test
    void aLineThatIsNotAsItShouldBeIsNamed() throws Exception {
        Path socket = directory.resolve("no.sock");
        for (List<String> each : List.of(
                List.of(
                        "ring.base 2020-02-29 it stops late",
                        "line 1: ring.base was expected to fail until 2020-02-29"),
                List.of("ring.base soon it stops late", "line 1: 'soon' is not a date such as"),
                List.of("ring.base", "line 1: 'ring.base' is not CASE UNTIL REASON"),
                List.of("ring.bass 9999-12-31 x", "line 1: no case has the name 'ring.bass'"))) {
            assertThat(conformance(socket, "--expected=" + file("f", each.getFirst())))
                    .isEqualTo(2);
            assertThat(err.toString()).contains(each.getLast());
        }
    }

    @Test
    void aRecordedCaseRunsAgainMessageByMessage() throws Exception {
        Path trace = directory.resolve("base.trace");
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            assertThat(conformance(backEnd.socket(0), "--only=ring.base", "--seed=5", "--record=" + trace))
                    .isZero();
            List<String> lines = Files.readAllLines(trace);
            assertThat(lines)
                    .contains("case: ring.base", "seed: 5", "outcome: pass")
                    .anyMatch(line -> line.endsWith("#1 > SET_VRING_NUM (need_reply) ring 1, 8 entries"))
                    .anyMatch(line -> line.matches("(?s).*#1 < GET_VRING_BASE \\(reply\\) ring 1, 0x1"));
            List<String> shown = Files.readString(SourceTree.ROOT.resolve("docs/conformance.md"))
                    .lines()
                    .dropWhile(line -> !line.equals("case: ring.base"))
                    .takeWhile(line -> !line.startsWith("```"))
                    .filter(line -> line.startsWith(" "))
                    .toList();
            assertThat(shown).hasSizeGreaterThan(4);
            assertThat(lines.stream().map(ConformanceOptionsTest::withoutTime))
                    .as("the trace in docs/conformance.md")
                    .containsAll(shown.stream()
                            .map(ConformanceOptionsTest::withoutTime)
                            .toList());
            assertThat(conformance(backEnd.socket(0), "--replay=" + trace)).isZero();
            assertThat(out.toString()).contains("messages, all as recorded", "outcome: pass, as recorded");
            // Another answer was recorded than comes now.
            List<String> other = new ArrayList<>(lines);
            int at = 0;
            while (!lines.get(at).contains("GET_VRING_BASE (reply)")) {
                at++;
            }
            other.set(at + 1, lines.get(at + 1).replaceFirst("01000000$", "09000000"));
            Files.write(trace, other);
            assertThat(conformance(backEnd.socket(0), "--replay=" + trace)).isEqualTo(1);
            assertThat(out.toString())
                    .contains(
                            "recorded: #1 < GET_VRING_BASE (reply) ring 1, 0x9",
                            "now:      #1 < GET_VRING_BASE (reply) ring 1, 0x1");
        }
    }

    /** A line of a trace without the milliseconds since its beginning. */
    private static String withoutTime(String line) {
        return line.replaceFirst("^ +[0-9]+\\.[0-9]+ +", "").strip();
    }

    @Test
    void ofManyRunsEachHasItsSeedAndWhatFailedInOneCounts() throws Exception {
        Path json = directory.resolve("report.json");
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            assertThat(conformance(backEnd.socket(0), "--only=ring.base", "--runs=3", "--seed=7", "--json=" + json))
                    .isZero();
            assertThat(out.toString())
                    .contains("run 1, seed 7: 1 passed, 0 failed", "run 3, seed 9: 1 passed, 0 failed");
            assertThat(conformance(backEnd.socket(0), "--loop=echo", "--only=ring.resume", "--runs=2"))
                    .isEqualTo(1);
            assertThat(conformance(backEnd.socket(0), "--runs=2", "--record=" + directory))
                    .isEqualTo(2);
            assertThat(err.toString()).contains("--runs: a case is recorded and replayed in one run");
        }
    }

    @Test
    void whatFailedBeforeTheBackEndWasLostIsReported() throws Exception {
        Path json = directory.resolve("report.json");
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            StringWriter ending = new StringWriter() {
                @Override
                public void flush() {
                    if (toString().contains("run 1, seed 1: ")) {
                        backEnd.backend().close();
                    }
                }
            };
            assertThat(conformance(
                            backEnd.socket(0),
                            ending,
                            "--loop=echo",
                            "--only=ring.resume",
                            "--runs=3",
                            "--timeout=1",
                            "--json=" + json))
                    .isEqualTo(1);
            assertThat(ending.toString()).doesNotContain("run 2");
            assertThat(json).content().contains("\"outcome\" : \"fail\"");
        }
    }

    @Test
    void anInvalidTraceIsRefused() throws Exception {
        assertThat(conformance(directory.resolve("no.sock"), "--replay=" + file("t", "something")))
                .isEqualTo(2);
        assertThat(err.toString()).contains("is not a trace: its first line is not");
    }

    @Test
    void aBackEndThatIsNotThereIsAnErrorForCiServers() throws Exception {
        Path junit = file("report.xml", "an old report");
        assertThat(conformance(directory.resolve("no.sock"), "--timeout=0.1", "--junit=" + junit))
                .isEqualTo(2);
        assertThat(Files.readString(junit)).contains("errors=\"1\"", "the back-end under test cannot be reached");
    }

    @Test
    void theReportIsKnownBeforeTheSuiteEnds() throws Exception {
        Path junit = directory.resolve("report.xml");
        Path traces = directory.resolve("traces");
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            assertThat(conformance(
                            backEnd.socket(0),
                            "--only=ring.base,ring.call-absent",
                            "--junit=" + junit,
                            "--record=" + traces))
                    .isZero();
        }
        assertThat(Files.readString(junit))
                .contains("name=\"ring.call-absent\"")
                .doesNotContain("<error");
        assertThat(traces.resolve("ring.base.trace")).exists();
        assertThat(traces.resolve("ring.call-absent.trace")).exists();
        assertThat(directory.resolve("report.xml.part")).doesNotExist();
    }
}
