// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.passt;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.Pollable;
import org.vhost4j.device.bridge.NullSink;
import org.vhost4j.host.lane.IdlePolicy;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.lane.LaneListener;
import org.vhost4j.host.stream.StreamPeer;
import org.vhost4j.host.stream.StreamPort;
import org.vhost4j.sys.Await;
import org.vhost4j.sys.SystemError;

/** Tests with programs that behave like passt towards their parent process. */
class PasstProcessTest {
    /** Reads the socket to its end, as passt does, and leaves its arguments in a file. */
    private static final String SERVES = "echo ready >&2; echo \"$@\" >\"$0.arguments\"; exec cat <&3 >/dev/null";

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final Lane lane = Lane.start("passt", IdlePolicy.EVENT_DRIVEN, new LaneListener() {
        @Override
        public void faulted(Pollable pollable, String reason, Throwable cause) {
            lines.add(pollable.name() + " faulted: " + reason);
        }

        @Override
        public void failed(Throwable cause) {
            lines.add("failed: " + cause);
        }
    });
    private final StreamPort port =
            new StreamPort("user", StreamPeer.PLAIN, new NullSink(), System::nanoTime, lines::add);

    @AfterEach
    void end() throws Exception {
        lane.submit(() -> {
                    port.close();
                    return true;
                })
                .get(60, SECONDS);
        lane.close();
    }

    private Path program(String script) throws IOException {
        Path file = directory.resolve("passt");
        Files.writeString(file, "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        return file;
    }

    /** Starts a program; throws what the start throws. */
    private PasstProcess start(String script) throws Exception {
        PasstProcess passt =
                new PasstProcess(List.of(program(script).toString(), "--mtu", "1500"), port, lane, lines::add);
        List<SystemError> failure = new ArrayList<>();
        lane.submit(() -> {
                    port.attach(lane);
                    try {
                        passt.start();
                    } catch (SystemError e) {
                        failure.add(e);
                    }
                    return true;
                })
                .get(60, SECONDS);
        if (!failure.isEmpty()) {
            throw failure.getFirst();
        }
        return passt;
    }

    private String line() throws InterruptedException {
        return String.valueOf(lines.poll(60, SECONDS));
    }

    private static boolean isAlive(int pid) {
        return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
    }

    @Test
    void itIsStartedAgainWhenItEndsAndEndsWithItsPort() throws Exception {
        PasstProcess passt = start(SERVES);
        assertThat(port.isConnected()).isTrue();
        assertThat(line()).isEqualTo("ready");
        assertThat(Files.readString(directory.resolve("passt.arguments")).strip())
                .isEqualTo("--mtu 1500 --foreground --quiet --fd 3");
        int first = passt.pid();
        assertThat(ProcessHandle.of(first).orElseThrow().destroyForcibly()).isTrue();
        List<String> said = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            said.add(line());
        }
        assertThat(said)
                .containsExactlyInAnyOrder(
                        "passt ended by signal 9; it is started again",
                        "the connection to passt is lost: the peer closed the connection",
                        "ready",
                        "passt runs again");
        assertThat(passt.starts()).isEqualTo(2);
        assertThat(port.isConnected()).isTrue();
        int second = passt.pid();
        assertThat(second).isNotEqualTo(first);
        passt.close();
        Await.until("passt ends", () -> !isAlive(second));
    }

    /** The end of the socket is all that a back-end leaves which is killed. */
    @Test
    void theEndOfTheSocketEndsIt() throws Exception {
        PasstProcess passt = start("trap '' TERM INT HUP; " + SERVES);
        int pid = passt.pid();
        lane.submit(() -> {
                    port.disconnect();
                    return true;
                })
                .get(60, SECONDS);
        Await.until("passt ends", () -> !isAlive(pid));
        passt.close();
    }

    @Test
    void aProgramThatCannotStartSaysWhy() {
        assertThatThrownBy(() -> start("echo cannot listen on port 22 >&2; echo giving up >&2; exit 1"))
                .isInstanceOf(SystemError.class)
                .hasMessage("passt cannot start: cannot listen on port 22; giving up");
        assertThat(port.isConnected()).isFalse();
        assertThat(lines).isEmpty();
    }

    @Test
    void aProgramThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> {
                    PasstProcess passt = new PasstProcess(List.of("/nowhere/passt"), port, lane, lines::add);
                    passt.start();
                })
                .isInstanceOf(SystemError.class)
                .hasMessageStartingWith("cannot start /nowhere/passt: ENOENT");
    }
}
