// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Compares the packaged program with itself: every case is measured on both sides. The differences are not checked. */
class CompareCommandIT {
    private static final Path ARCHIVE = Path.of("target", "vhost4j.jar").toAbsolutePath();

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void bothBuildsAreMeasuredInEveryCase() {
        int status = run(
                ARCHIVE.toString(),
                ARCHIVE.toString(),
                "--starts=4",
                "--rounds=200",
                "--warm-up=0.1",
                "--cases=64 B",
                "--json");
        // Status 1 is a verdict: two short measures of one build may differ by chance.
        assertThat(status).as(err.toString()).isBetween(0, 1);
        JsonNode cases = JsonMapper.builder().build().readTree(out.toString()).get("cases");
        assertThat(cases.size()).isGreaterThan(3);
        for (JsonNode each : cases) {
            assertThat(each.get("name").asString()).contains("64 B");
            assertThat(each.toString()).contains("verdict");
        }
        assertThat(ProcessHandle.current().children().filter(ProcessHandle::isAlive))
                .isEmpty();
    }

    @Test
    void whatIsNoBuildIsRefused() {
        assertThat(run("/nonexistent", ARCHIVE.toString())).isNotZero();
        assertThat(err.toString()).contains("OLD=/nonexistent: neither a checkout with tools/vhost4j");
    }

    private int run(String... arguments) {
        CommandLine line = new CommandLine(new CompareCommand())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err));
        line.setExecutionExceptionHandler((exception, command, parsed) -> {
            err.write(String.valueOf(exception.getMessage()));
            return 2;
        });
        return line.execute(arguments);
    }
}
