// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.qmp.QmpFixture;
import org.vhost4j.sys.Await;
import org.vhost4j.tools.endtoend.TestBackEnd;

/** SIGINT (Ctrl-C): the first ends a command with what it knows so far, the second ends it at once. */
class InterruptedCommandsTest {
    /** 128 and SIGINT, as a shell tells it. */
    private static final int INTERRUPTED = 130;

    @TempDir
    private Path directory;

    private ChildCommand start(String name, String... arguments) throws IOException {
        return new ChildCommand(directory, name, "", arguments);
    }

    @Test
    void conformanceSumsUpWhatItHasTried() throws Exception {
        try (TestBackEnd backEnd = TestBackEnd.echo();
                ChildCommand command = start(
                        "conformance",
                        "conformance",
                        backEnd.socket(0).toString(),
                        "--timeout=60",
                        "--html=" + directory.resolve("report.html"))) {
            Await.until("a case has ended", () -> command.out().contains("\n"));
            command.signal("INT");
            assertThat(command.status()).as(command.err()).isEqualTo(INTERRUPTED);
            assertThat(command.out()).containsPattern("interrupted").containsPattern("\\d+ passed");
            assertThat(directory.resolve("report.html")).exists();
        }
    }

    @Test
    void aMatrixHasTheCombinationsThatWereTried() throws Exception {
        Path junit = directory.resolve("matrix.xml");
        try (TestBackEnd backEnd = TestBackEnd.echo();
                ChildCommand command = start(
                        "matrix",
                        "negotiate",
                        backEnd.socket(0).toString(),
                        "--matrix",
                        "--limit=600",
                        "--timeout=60",
                        "--junit=" + junit)) {
            Await.until(
                    "a combination was tried",
                    () -> Files.exists(junit) && Files.readString(junit).split("<testcase", -1).length > 3);
            command.signal("INT");
            assertThat(command.status()).as(command.err()).isEqualTo(INTERRUPTED);
            assertThat(command.out()).contains("interrupted");
        }
    }

    @Test
    void aCaptureIsComplete() throws Exception {
        try (QmpFixture backEnd = QmpFixture.bridged(directory);
                ChildCommand command = start("capture", "capture", "--qmp=unix:" + backEnd.path(), "guest0", "-")) {
            Await.until("the capture has begun", () -> Files.size(directory.resolve("capture.out")) > 0);
            command.signal("INT");
            assertThat(command.status()).as(command.err()).isEqualTo(INTERRUPTED);
            assertThat(command.err()).contains("0 frames captured, 0 seen, 0 dropped");
        }
    }

    /** A back-end that is stopped has a queue of connections still, but does not greet. */
    @ParameterizedTest
    @ValueSource(strings = {"-", "file.pcapng"})
    void aCaptureThatWaitsForTheMonitorEndsAtOnce(String file) throws Exception {
        Path socket = directory.resolve("monitor.sock");
        try (ServerSocketChannel monitor = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            monitor.bind(UnixDomainSocketAddress.of(socket));
            try (ChildCommand command = start("waits", "capture", "--qmp=unix:" + socket, "guest0", absolute(file));
                    SocketChannel silent = monitor.accept()) {
                command.signal("INT");
                assertThat(command.endsWithin(Duration.ofSeconds(8)))
                        .as("ends before it gives up, which takes 10 s: %s", command.err())
                        .isTrue();
                assertThat(command.status()).as(command.err()).isEqualTo(INTERRUPTED);
                assertThat(command.err()).isEmpty();
                assertThat(silent.isOpen()).isTrue();
            }
        }
    }

    private String absolute(String file) {
        return file.equals("-") ? file : directory.resolve(file).toString();
    }

    @Test
    void aProbeThatWaitsEnds() throws Exception {
        try (ChildCommand command =
                start("probe", "probe", directory.resolve("none.sock").toString(), "--timeout=600")) {
            command.signal("INT");
            assertThat(command.status()).as(command.err()).isEqualTo(INTERRUPTED);
        }
    }

    @Test
    void aCheckThatCannotPrintEnds() throws Exception {
        try (ChildCommand command = ChildCommand.intoFullPipe(directory, "check", "platform", "check", "linux-6.1")) {
            Await.until("it prints", () -> command.waitsIn("pipe_write"));
            command.signal("INT");
            assertThat(command.status()).as(command.err()).isEqualTo(INTERRUPTED);
            assertThat(command.err()).isEmpty();
        }
    }

    @Test
    void aBackEndTakesItsSocketWithIt() throws Exception {
        Path socket = directory.resolve("a.sock");
        try (ChildCommand command = start("run", "run", "--socket-path=" + socket, "--port=echo")) {
            Await.until("it listens", () -> Files.exists(socket));
            command.signal("INT");
            // This is how it is ended.
            assertThat(command.status()).as(command.err()).isZero();
            assertThat(socket).doesNotExist();
        }
    }

    @Test
    void theSecondDoesNotWaitForTheStepAtHand() throws Exception {
        Path socket = directory.resolve("a.sock");
        try (ChildCommand backEnd = start("run", "run", "--socket-path=" + socket, "--port=echo")) {
            Await.until("the back-end listens", () -> Files.exists(socket));
            try (ChildCommand command = start("conformance", "conformance", socket.toString(), "--timeout=600")) {
                Await.until("a case has ended", () -> command.out().contains("\n"));
                backEnd.signal("STOP");
                // The first may have come before the handler of the second was there; a shell's user would press again,
                // too.
                // Without the handler it would wait a minute for the case.
                Await.until(() -> "the command has ended: " + command.err(), Duration.ofSeconds(30), () -> {
                    command.signal("INT");
                    return command.endsWithin(Duration.ofMillis(200));
                });
                assertThat(command.status()).isEqualTo(INTERRUPTED);
            }
        }
    }

    @Test
    void topLeavesTheTerminalAsItWasAndWhatItShowedLast() throws Exception {
        try (QmpFixture backEnd = QmpFixture.bridged(directory);
                ChildCommand command = new ChildCommand(
                        directory,
                        "top",
                        "stty cols 100 rows 30",
                        "top",
                        backEnd.path().toString())) {
            Await.until("the table is there", () -> command.out().contains("guest1"));
            // The terminal makes SIGINT of it.
            command.type("\003");
            assertThat(command.status()).as(command.err()).isEqualTo(INTERRUPTED);
            String out = command.out();
            String after = out.substring(out.lastIndexOf("\033[?1049l"));
            assertThat(after).contains("guest0", "guest1").doesNotContain("\033[H");
        }
    }
}
