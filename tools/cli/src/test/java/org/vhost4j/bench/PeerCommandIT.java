// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Runs a few real measurements: every program starts, both sides have the same counts, and nothing is left behind.
 * Speed is not checked.
 */
class PeerCommandIT {
    @TempDir
    Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter progress = new StringWriter();

    @Test
    void bothSidesCountTheSame() throws Exception {
        Path page = directory.resolve("page.html");
        int status = run(
                "--rows=sends,through,round-trip",
                "--cases=64 B",
                "--quick",
                "--rounds=1",
                "--seconds=0.1",
                "--warm-up=0.1",
                "--json",
                "--html=" + page);
        assertThat(status).as(progress.toString()).isZero();
        JsonNode rows = JsonMapper.builder().build().readTree(out.toString()).get("rows");
        assertThat(rows.size()).isEqualTo(3);
        int checked = 0;
        for (JsonNode row : rows) {
            for (JsonNode each : row.get("cases")) {
                for (JsonNode contender : each.get("contenders")) {
                    assertThat(contender.get("front-end-frames").asLong()).isPositive();
                    assertThat(contender.get("back-end-frames").asLong()).isPositive();
                    assertThat(contender.get("samples").size()).isEqualTo(1);
                    checked++;
                }
            }
        }
        assertThat(checked).isGreaterThan(10);
        assertThat(Files.readString(page)).contains("<svg", "Guest to guest");
        assertThat(ProcessHandle.current().children().filter(ProcessHandle::isAlive))
                .isEmpty();
    }

    /** Both drivers, and a contender that cannot be had does not keep the others from being measured. */
    @Test
    void whoFailsIsSaidAndLeftOut() throws Exception {
        StringWriter said = new StringWriter();
        try (Children children = new Children()) {
            Plan plan = new Plan(
                    1,
                    java.time.Duration.ofMillis(100),
                    java.time.Duration.ofMillis(100),
                    java.time.Duration.ofSeconds(1),
                    Plan.Depth.QUICK,
                    0,
                    java.util.List.of(1));
            Bench bench =
                    new Bench(children, plan, java.util.List.of(new DpdkPeer("DPDK of nowhere", "/nowhere/testpmd")));
            var result = new Runner(bench, "64 B, split", new PrintWriter(said), () -> false).run(new SendRow());
            var measured = result.cases().getFirst().measured();
            assertThat(measured).hasSize(3);
            assertThat(measured.get(0).sound()).isTrue();
            assertThat(measured.get(1).sound()).isTrue();
            assertThat(measured.get(2).failure().orElseThrow()).contains("/nowhere/testpmd");
        }
        assertThat(said.toString()).contains("DPDK of nowhere: ");
    }

    private int run(String... arguments) {
        return new CommandLine(new PeerCommand())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(progress))
                .execute(arguments);
    }
}
