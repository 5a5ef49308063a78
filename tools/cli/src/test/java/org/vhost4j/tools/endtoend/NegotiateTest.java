// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.tools.negotiate.NegotiateCommand;
import picocli.CommandLine;

/** Tests {@code negotiate} with the real back-end. */
class NegotiateTest {
    private static final String CAME_BACK = "frames were returned correctly";

    private final StringWriter out = new StringWriter();

    private int negotiate(Path socket, String... arguments) {
        CommandLine line = new CommandLine(new NegotiateCommand());
        line.setOut(new PrintWriter(out));
        List<String> all = new ArrayList<>(List.of(socket.toString()));
        all.addAll(List.of(arguments));
        return line.execute(all.toArray(new String[0]));
    }

    @Test
    void whatIsOfferedIsAcceptedAndCarriesFrames() {
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            assertThat(negotiate(backEnd.socket(0), "--traffic")).isZero();
            assertThat(out.toString()).contains("accepted, 64 frames were returned correctly");
            assertThat(negotiate(
                            backEnd.socket(0),
                            "--features=VERSION_1,MRG_RXBUF,0x40000000",
                            "--protocol-features=REPLY_ACK,STATUS",
                            "--expect-features=+HOST_USO,+LOG_ALL,-NOTIFICATION_DATA",
                            "--expect-protocol-features=+CONFIG",
                            "--traffic"))
                    .isZero();
        }
    }

    @Test
    void aRecordedNegotiationIsDoneAgainMessageByMessage(@TempDir Path directory) throws Exception {
        Path trace = directory.resolve("one.trace");
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            Path socket = backEnd.socket(0);
            assertThat(negotiate(
                            socket,
                            "--features=VERSION_1,PROTOCOL_FEATURES",
                            "--traffic",
                            "--seed=9",
                            "--record=" + trace))
                    .isZero();
            List<String> lines = Files.readAllLines(trace);
            assertThat(lines)
                    .contains(
                            "command: negotiate",
                            "case: negotiate.one.as-given",
                            "features: 0x140000000",
                            "seed: 9",
                            "outcome: accepted");
            assertThat(negotiate(socket, "--replay=" + trace)).isZero();
            assertThat(out.toString()).endsWith("messages, all as recorded\noutcome: accepted, as recorded\n");
            // This back-end cannot give the same answers for features that it does not offer.
            Files.write(
                    trace,
                    lines.stream()
                            .map(line -> line.replace("features: 0x140000000", "features: 0x2140000000"))
                            .toList());
            assertThat(negotiate(socket, "--replay=" + trace)).isEqualTo(1);
            assertThat(out.toString()).contains("differs", "but accepted was recorded");
        }
    }

    @Test
    void ofAMatrixEachCombinationIsRecorded(@TempDir Path directory) throws Exception {
        Path traces = directory.resolve("traces");
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            Path socket = backEnd.socket(0);
            // The first of a thousand combinations are enough.
            negotiate(socket, "--matrix", "--limit=1", "--loop=none", "--record=" + traces);
            Path one = traces.resolve("negotiate.offer.as-offered.trace");
            assertThat(one).content().contains("command: negotiate --matrix", "loop: none", "outcome: accepted");
            assertThat(negotiate(socket, "--replay=" + one)).isZero();
            assertThat(out.toString()).endsWith("outcome: accepted, as recorded\n");
        }
    }

    @Test
    void aFeatureMayBeginLikeAnOption() {
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            for (String less : List.of("-VERSION_1", "-version_1", "-HASH_REPORT", "-hash_report", "-host_uso")) {
                assertThat(negotiate(backEnd.socket(0), "--features=" + less, "--expect-features", less))
                        .as(less)
                        .isEqualTo(1);
                assertThat(out.toString())
                        .contains(
                                "not as expected: offered: " + less.substring(1).toUpperCase(Locale.ROOT));
            }
        }
    }

    @Test
    void whatIsNotOfferedIsRefused() {
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            assertThat(negotiate(backEnd.socket(0), "--features=+NOTIFICATION_DATA", "--expect=refused"))
                    .isZero();
            assertThat(negotiate(backEnd.socket(0), "--features=+NOTIFICATION_DATA"))
                    .isEqualTo(1);
            assertThat(out.toString()).contains("not as expected: refused instead of accepted");
            assertThat(negotiate(backEnd.socket(0), "--expect-features=-HOST_USO"))
                    .isEqualTo(1);
            assertThat(out.toString()).contains("not as expected: offered: HOST_USO");
        }
    }

    @Test
    void aBackEndThatReturnsNoFramesFailsTheTraffic() {
        try (TestBackEnd backEnd = TestBackEnd.sink()) {
            assertThat(negotiate(backEnd.socket(0), "--traffic", "--timeout=5")).isEqualTo(1);
            assertThat(out.toString()).contains("broken: frames: no frame in receive queue 0 within 5000 ms");
        }
    }

    /** A second does for the offer, the rings and the protocol, which come first; a machine with other work gets more. */
    @Test
    void aMatrixEndsInTime() {
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            int status = negotiate(backEnd.socket(0), "--matrix", "--limit=1");
            for (int limit = 4; limit <= 64 && !out.toString().contains(CAME_BACK); limit *= 4) {
                out.getBuffer().setLength(0);
                status = negotiate(backEnd.socket(0), "--matrix", "--limit=" + limit);
            }
            assertThat(out.toString()).contains(CAME_BACK).doesNotContain("!");
            assertThat(status).isBetween(0, 1);
        }
    }

    @Test
    void aBackEndThatConnectsIsNegotiatedWithToo(@TempDir Path directory) {
        Path socket = directory.resolve("s");
        try (TestBackEnd backEnd = TestBackEnd.connectingTo(socket)) {
            assertThat(backEnd).isNotNull();
            assertThat(negotiate(socket, "--listen", "--traffic", "--json")).isZero();
            assertThat(out.toString()).contains("\"outcome\" : \"accepted\"", "\"frames\" : 64");
        }
    }

    @Test
    void theReportForCiServersKnowsExpectedFailures(@TempDir Path directory) throws Exception {
        Path junit = directory.resolve("report.xml");
        Path known = Files.writeString(directory.resolve("known"), "negotiate.one.as-given 9999-12-31 not yet\n");
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            assertThat(negotiate(backEnd.socket(0), "--junit=" + junit)).isZero();
            assertThat(Files.readString(junit)).contains("tests=\"1\" failures=\"0\"", "negotiate.one.as-given");
            assertThat(negotiate(backEnd.socket(0), "--expect=refused", "--junit=" + junit))
                    .isEqualTo(1);
            assertThat(Files.readString(junit)).contains("accepted instead of refused");
            assertThat(negotiate(backEnd.socket(0), "--expect=refused", "--junit=" + junit, "--expected=" + known))
                    .isZero();
            assertThat(Files.readString(junit)).contains("<skipped message=\"fails as expected: not yet");
            assertThat(negotiate(backEnd.socket(0), "--junit=" + junit, "--expected=" + known))
                    .isEqualTo(1);
            assertThat(Files.readString(junit)).contains("UNEXPECTED PASS");
        }
    }
}
