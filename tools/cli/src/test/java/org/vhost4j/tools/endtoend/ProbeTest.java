// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.tools.probe.ProbeCommand;
import picocli.CommandLine;

/** Tests {@code probe} with the real back-end. */
class ProbeTest {
    private final StringWriter out = new StringWriter();

    private final StringWriter errors = new StringWriter();

    private int probe(String... arguments) {
        CommandLine line = new CommandLine(new ProbeCommand());
        line.setOut(new PrintWriter(out));
        line.setErr(new PrintWriter(errors));
        line.setExecutionExceptionHandler((e, command, parsed) -> {
            command.getErr().println(e.getMessage());
            return 2;
        });
        return line.execute(arguments);
    }

    @Test
    void whatIsOfferedIsSaidAndTheNextFrontEndNoticesNothing() {
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            assertThat(probe(backEnd.socket(0).toString(), "--machine", "pc-q35-10.0"))
                    .isZero();
            assertThat(out.toString())
                    .contains("MRG_RXBUF", "HOST_USO", "CONFIGURE_MEM_SLOTS")
                    .containsPattern("memory slots +509")
                    .containsPattern("mtu +9000")
                    .containsPattern("linux-4.14 +honoured")
                    .containsPattern("linux-6.2 +honoured");
            try (NetDriver driver = backEnd.attach(0, NetSetup.full())) {
                driver.send(new byte[60]);
                assertThat(driver.receive().bytes()).hasSize(60);
            }
        }
    }

    @Test
    void aBackEndThatConnectsIsProbedToo(@TempDir Path directory) {
        Path socket = directory.resolve("s");
        try (TestBackEnd backEnd = TestBackEnd.connectingTo(socket)) {
            assertThat(backEnd).isNotNull();
            assertThat(probe(socket.toString(), "--listen", "--json")).isZero();
            assertThat(out.toString()).contains("\"listening\" : true", "\"memory-slots\" : 509");
        }
    }

    @Test
    void aRecordedProbeIsComparedMessageByMessage(@TempDir Path directory) throws Exception {
        Path trace = directory.resolve("probe.trace");
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            String socket = backEnd.socket(0).toString();
            assertThat(probe(socket, "--record=" + trace)).isZero();
            List<String> lines = Files.readAllLines(trace);
            assertThat(lines)
                    .contains("command: probe", "outcome: pass")
                    .anyMatch(line -> line.endsWith("#1 > GET_QUEUE_NUM"));
            assertThat(probe(socket, "--replay=" + trace)).isZero();
            assertThat(out.toString()).endsWith("messages, all as recorded\noutcome: pass, as recorded\n");
            int answer = 0;
            while (!lines.get(answer).contains("< GET_QUEUE_NUM")) {
                answer++;
            }
            lines.set(answer + 1, lines.get(answer + 1).replaceFirst("[0-9a-f]{2}(0{14})$", "77$1"));
            Files.write(trace, lines);
            assertThat(probe(socket, "--replay=" + trace)).isEqualTo(1);
            assertThat(out.toString()).contains("recorded: #1 < GET_QUEUE_NUM (reply) 119");
        }
    }

    @Test
    void aTraceIsEitherWrittenOrComparedWith() {
        assertThat(probe("/tmp/none", "--record=/none/x", "--replay=/none/x")).isEqualTo(2);
        assertThat(probe("/tmp/none", "--record=/none/x")).isEqualTo(2);
        assertThat(errors.toString().lines())
                .containsExactly(
                        "--record and --replay: a replay is compared with the recording, and cannot be recorded itself",
                        "--record: /none/x cannot be written: No such file or directory");
    }

    @Test
    void everyMessageIsSaid(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("trace");
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            String socket = backEnd.socket(0).toString();
            assertThat(probe(socket, "--trace=vhost-user")).isZero();
            assertThat(probe(socket, "--trace=vhost-user", "--trace-file=" + file))
                    .isZero();
        }
        for (List<String> lines : List.of(errors.toString().lines().toList(), Files.readAllLines(file))) {
            assertThat(lines)
                    .allMatch(line -> line.matches("[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6} #1 .*"))
                    .anyMatch(line -> line.endsWith(" #1 front-end: GET_FEATURES; size 0"))
                    .anyMatch(
                            line -> line.contains(" #1 back-end: GET_FEATURES (reply) ") && line.endsWith("; size 8"));
            assertThat(lines.getLast()).endsWith(" #1 closed by the front-end");
        }
    }

    @Test
    void thereIsOneTrace() {
        assertThat(probe("/tmp/none", "--trace=qmp")).isEqualTo(2);
        assertThat(probe("/tmp/none", "--trace-file=x")).isEqualTo(2);
        assertThat(probe("/tmp/none", "--trace=vhost-user", "--trace-file=/none/x"))
                .isEqualTo(2);
        assertThat(errors.toString().lines())
                .containsExactly(
                        "--trace=qmp: there is no such trace, only vhost-user",
                        "--trace-file=x: give --trace=vhost-user as well",
                        "--trace-file=/none/x: cannot be written: No such file or directory");
    }

    @Test
    void theSchemaIsPrintedWithoutABackEnd() {
        assertThat(probe("--schema")).isZero();
        assertThat(out.toString()).startsWith("{").contains("vhost4j-probe");
    }
}
