// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.NotifyReceiver;
import org.vhost4j.tools.endtoend.isolation.ChildBackEnd;

/** Tests a back-end that reads its configuration file again on SIGHUP. */
@Timeout(120)
class ConfigReloadTest {
    private static final int SIGHUP = 1;

    /** Whatever the process that runs the tests does with SIGHUP. */
    private static final List<String> HEARS_HANG_UP = List.of("env", "--default-signal=HUP");

    @TempDir
    Path directory;

    private Path socket(String name) {
        return directory.resolve(name + ".sock");
    }

    private String guest(String name, String more) {
        return "{\"socket-path\": \"%s\", \"name\": \"%s\"%s}".formatted(socket(name), name, more);
    }

    private Path write(String text) throws IOException {
        return Files.writeString(directory.resolve("run.json"), text);
    }

    private static void hangUp(ChildBackEnd backEnd) {
        assertThat(LibC.kill(backEnd.pid(), SIGHUP)).isZero();
    }

    @Test
    void whatIsDifferentIsApplied() throws Exception {
        Path file = write("{\"lanes\": 2, \"guests\": [%s, %s]}".formatted(guest("a", ""), guest("b", "")));
        try (ChildBackEnd backEnd = ChildBackEnd.startBehind(HEARS_HANG_UP, directory, "run", "--config=" + file)) {
            backEnd.awaitLine("b: waiting for a front-end");
            try (NetDriver a = NetDriver.attach(socket("a"), NetSetup.full())) {
                write("{\"lanes\": 2, \"guests\": [%s, %s]}"
                        .formatted(guest("a", ", \"tag\": 5"), guest("c", ", \"tag\": 5")));
                hangUp(backEnd);
                backEnd.awaitLine("run.json read again: 1 added, 1 changed, 1 removed");
                assertThat(socket("b")).doesNotExist();
                try (NetDriver c = NetDriver.attach(socket("c"), NetSetup.full())) {
                    byte[] frame =
                            PacketBuilder.udp4().macs(1, 255).payload(60, 1).complete();
                    a.send(frame);
                    assertThat(c.receive().bytes()).isEqualTo(frame);
                }
                write("{\"lanes\": 2, \"guests\": [%s,]}".formatted(guest("a", "")));
                hangUp(backEnd);
                backEnd.awaitLine("config: not read again, everything stays as it is: " + file + ":1:");
                write("{\"lanes\": 3, \"guests\": [%s]}".formatted(guest("a", "")));
                hangUp(backEnd);
                backEnd.awaitLine(file + ":1:11: /lanes: this cannot change while the back-end runs, where it is 2");
                assertThat(socket("c")).exists();
            }
            backEnd.terminate();
            assertThat(backEnd.awaitEnd(20)).isZero();
        }
        assertThat(socket("a")).doesNotExist();
        assertThat(socket("c")).doesNotExist();
    }

    @Test
    void ratesChangeInPlaceAndWhatWasRefusedIsTriedAgain() throws Exception {
        Path later = directory.resolve("later");
        String port = "{\"port\": \"stream:unix:%s/peer,server=on\"}".formatted(later);
        Path file = write("{\"guests\": [%s]}".formatted(guest("a", "")));
        try (ChildBackEnd backEnd = ChildBackEnd.startBehind(HEARS_HANG_UP, directory, "run", "--config=" + file)) {
            backEnd.awaitLine("a: waiting for a front-end");
            try (NetDriver a = NetDriver.attach(socket("a"), NetSetup.full())) {
                write("{\"guests\": [%s], \"ports\": [%s]}".formatted(guest("a", ", \"rate\": 5000"), port));
                hangUp(backEnd);
                backEnd.awaitLine("run.json read again: 0 added, 1 changed, 0 removed, 1 refused");
                Files.createDirectory(later);
                hangUp(backEnd);
                backEnd.awaitLine("run.json read again: 1 added, 0 changed, 0 removed");
                // The connection that it has had from the start.
                a.send(PacketBuilder.udp4().macs(1, 255).payload(60, 1).complete());
                a.awaitSent();
            }
            backEnd.terminate();
            assertThat(backEnd.awaitEnd(20)).isZero();
        }
    }

    @Test
    void aLimitForAllThatWasRefusedIsTriedAgain() throws Exception {
        Path notify = directory.resolve("notify");
        Path file = write("{\"guests\": [%s]}".formatted(guest("a", "")));
        try (NotifyReceiver manager = new NotifyReceiver(notify);
                ChildBackEnd backEnd = ChildBackEnd.startBehind(
                        List.of("env", "--default-signal=HUP", "NOTIFY_SOCKET=" + notify),
                        directory,
                        "run",
                        "--config=" + file)) {
            assertThat(manager.next()).isEqualTo("READY=1");
            write("{\"flood-limit\": 1234567890, \"guests\": [%s]}".formatted(guest("a", "")));
            hangUp(backEnd);
            assertThat(backEnd.awaitLine("a limit is 1 frame a second or more"))
                    .contains("warning: config: ", "/flood-limit: ");
            backEnd.awaitLine("run.json read again: 0 added, 0 changed, 0 removed, 1 refused");
            write("{\"flood-limit\": 1234567890, \"guests\": [%s, %s]}".formatted(guest("a", ""), guest("b", "")));
            hangUp(backEnd);
            backEnd.awaitLine("run.json read again: 1 added, 0 changed, 0 removed, 1 refused");
        }
    }

    @Test
    void anIgnoredSignalIsSaid() throws Exception {
        Path file = write("{\"guests\": [%s]}".formatted(guest("a", "")));
        try (ChildBackEnd backEnd =
                ChildBackEnd.startBehind(List.of("env", "--ignore-signal=HUP"), directory, "run", "--config=" + file)) {
            assertThat(backEnd.awaitLine("SIGHUP"))
                    .contains("SIGHUP does not reload the file: it was ignored when this process started");
        }
    }

    @Test
    void theServiceManagerHears() throws Exception {
        Path notify = directory.resolve("notify");
        Path file = write("{\"guests\": [%s]}".formatted(guest("a", "")));
        try (NotifyReceiver manager = new NotifyReceiver(notify);
                ChildBackEnd backEnd = ChildBackEnd.startBehind(
                        List.of("env", "--default-signal=HUP", "NOTIFY_SOCKET=" + notify),
                        directory,
                        "run",
                        "--config=" + file)) {
            assertThat(manager.next()).isEqualTo("READY=1");
            hangUp(backEnd);
            assertThat(manager.next()).matches("RELOADING=1\nMONOTONIC_USEC=[0-9]+");
            assertThat(manager.next()).isEqualTo("READY=1");
        }
    }
}
