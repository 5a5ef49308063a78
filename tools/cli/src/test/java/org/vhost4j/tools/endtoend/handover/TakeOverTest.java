// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.handover;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.tools.endtoend.isolation.ChildBackEnd;
import org.vhost4j.tools.endtoend.isolation.Neighbours;

/** Tests the program in two processes, one of which takes over from the other. */
class TakeOverTest {
    private static final Duration LENGTH = Duration.ofMillis(300);
    private static final long END_SECONDS = 60;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path directory;

    private ChildBackEnd start(String... more) throws IOException {
        List<String> arguments = new ArrayList<>(
                List.of("run", "--socket-path=a.sock", "--socket-path=b.sock", "--take-over=unix:next.sock"));
        arguments.addAll(List.of(more));
        return ChildBackEnd.start(directory, arguments.toArray(new String[0]));
    }

    private Neighbours neighbours() {
        return Neighbours.attach(directory.resolve("a.sock"), directory.resolve("b.sock"), NetSetup.full());
    }

    @Test
    void framesContinueInAnotherProcess() throws Exception {
        try (ChildBackEnd first = start()) {
            first.awaitLine("guest1: waiting for a front-end");
            try (Neighbours neighbours = neighbours();
                    ChildBackEnd second = start()) {
                Neighbours.assertIntact(
                        neighbours.during(LENGTH, () -> second.awaitLine("took over from process")), "at a hand-over");
                assertThat(first.awaitEnd(END_SECONDS)).isZero();
                assertThat(first.lines()).anyMatch(line -> line.contains("handed over to process"));
                try (ChildBackEnd third = start()) {
                    Neighbours.assertIntact(
                            neighbours.during(LENGTH, () -> third.awaitLine("took over from process")),
                            "at a hand-over");
                    assertThat(second.awaitEnd(END_SECONDS)).isZero();
                    Neighbours.assertIntact(neighbours.quiet(LENGTH), "at a hand-over");
                    third.terminate();
                    assertThat(third.awaitEnd(END_SECONDS)).isZero();
                }
            }
        }
        assertThat(List.of("a.sock", "b.sock", "next.sock"))
                .as("the last one removes what the first one made")
                .noneMatch(name -> Files.exists(directory.resolve(name)));
    }

    @Test
    void aSmallerOfferIsRefusedByName() throws Exception {
        try (ChildBackEnd first = start()) {
            first.awaitLine("guest1: waiting for a front-end");
            try (Neighbours neighbours = neighbours();
                    ChildBackEnd less = start("--set", "host_ufo=off", "--set", "guest_ufo=off")) {
                Neighbours.assertIntact(
                        neighbours.during(
                                LENGTH,
                                () -> assertThat(less.awaitEnd(END_SECONDS)).isEqualTo(2)),
                        "at a hand-over");
                assertThat(less.lines().getLast())
                        .contains("--take-over=unix:next.sock: the running back-end keeps its guests")
                        .contains("HOST_UFO");
                first.awaitLine("the hand-over failed, and this back-end continues", "HOST_UFO");
                Neighbours.assertIntact(neighbours.quiet(LENGTH), "at a hand-over");
            }
        }
    }

    @Test
    void guestsContinueWhereTheMetricsCannotBeHad() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ChildBackEnd first = start()) {
            first.awaitLine("guest1: waiting for a front-end");
            String metrics = "--metrics=127.0.0.1:" + taken.getLocalPort();
            try (Neighbours neighbours = neighbours();
                    ChildBackEnd second = start(metrics)) {
                second.awaitLine(metrics + ": another program listens there; guests are served without it");
                assertThat(first.awaitEnd(END_SECONDS)).isZero();
                Neighbours.assertIntact(neighbours.quiet(LENGTH), "after a hand-over");
                second.terminate();
                assertThat(second.awaitEnd(END_SECONDS)).isZero();
            }
        }
    }

    @Test
    void aPlaceThatIsNotThereEndsTheStart() throws Exception {
        try (ChildBackEnd backEnd =
                ChildBackEnd.start(directory, "run", "--take-over=unix:none/next", "--socket-path=a")) {
            assertThat(backEnd.awaitEnd(END_SECONDS)).isEqualTo(2);
            assertThat(backEnd.lines().getLast())
                    .startsWith("vhost4j: --take-over=unix:none/next: cannot create socket");
        }
        assertThat(directory.resolve("a")).doesNotExist();
    }
}
