// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.handover;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.InSharedMemory;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.NotifyReceiver;
import org.vhost4j.sys.SystemError;
import org.vhost4j.sys.UnixAddress;
import org.vhost4j.tools.endtoend.isolation.ChildBackEnd;
import org.vhost4j.vhostuser.handover.HandOverChannel;
import org.vhost4j.vhostuser.handover.MessageType;

/** Tests the notifications of the service manager when one back-end replaces another. */
class ServiceManagerTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final long END_SECONDS = 60;
    private static final int SHUT_WR = 1;

    @TempDir(factory = InSharedMemory.class)
    Path directory;

    private ChildBackEnd start(NotifyReceiver manager, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("run", "--socket-path=a.sock"));
        arguments.addAll(List.of(more));
        return ChildBackEnd.startBehind(
                List.of("env", "NOTIFY_SOCKET=" + manager.name()), directory, arguments.toArray(new String[0]));
    }

    @Test
    void theNewMainProcessIsNamedByTheOldOneBeforeItIsReady() throws Exception {
        try (NotifyReceiver manager = new NotifyReceiver(directory.resolve("manager"));
                ChildBackEnd first = start(manager, "--take-over=unix:next")) {
            assertThat(manager.next()).isEqualTo("READY=1");
            try (ChildBackEnd second = start(manager, "--take-over=unix:next")) {
                assertThat(manager.next()).isEqualTo("MAINPID=" + second.pid() + "\nREADY=1");
                // Of a process that is not the main one it would not be heard.
                assertThat(manager.next()).isEqualTo("READY=1");
                assertThat(first.awaitEnd(END_SECONDS)).isZero();
                second.terminate();
                assertThat(second.awaitEnd(END_SECONDS)).isZero();
                assertThat(manager.isQuiet()).isTrue();
            }
        }
    }

    /** systemd does not start a service again whose last process that it knows of has ended with status 0. */
    @Test
    void anOldOneWhoseSuccessorHasEndedEndsWithStatus1() throws Exception {
        try (NotifyReceiver manager = new NotifyReceiver(directory.resolve("manager"));
                ChildBackEnd old = start(manager, "--take-over=unix:next")) {
            assertThat(manager.next()).isEqualTo("READY=1");
            Fd socket = UnixAddress.socket();
            SystemError.check(UnixAddress.of(directory.resolve("next")).connect(socket), "cannot connect");
            try (HandOverChannel next = new HandOverChannel(socket)) {
                AbandonedHandOverTest.advance(next, AbandonedHandOverTest.Step.POSITIONS);
                next.send(MessageType.TAKEN, PATIENCE);
                // As the kernel does when a process ends, but COMMIT still finds a reader.
                SystemError.check(LibC.shutdown(socket.number(), SHUT_WR), "cannot hang up");
                next.receive(MessageType.COMMIT, PATIENCE).reader().close();
                assertThat(old.awaitEnd(END_SECONDS)).isEqualTo(1);
            }
            assertThat(old.lines().getLast())
                    .matches(".*vhost4j: handed over to process [0-9]+, which has ended since: guests wait until a"
                            + " back-end is started again");
        }
    }

    @Test
    void aServiceThatHandsNothingOverIsReadyToo() throws Exception {
        try (NotifyReceiver manager = new NotifyReceiver(directory.resolve("manager"));
                ChildBackEnd only = start(manager)) {
            assertThat(manager.next()).isEqualTo("READY=1");
            assertThat(only.pid()).isPositive();
        }
    }
}
