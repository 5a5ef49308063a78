// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;

/** Tests the Flight Recorder events of a guest that connects, breaks a rule, is reset and disconnects. */
class FlightRecorderTest {
    @TempDir
    Path directory;

    /** An event in a line: its name and its fields. */
    private static String text(RecordedEvent event) {
        String fields = event.getFields().stream()
                .filter(field -> !List.of("startTime", "duration", "eventThread", "stackTrace")
                        .contains(field.getName()))
                .map(field -> " " + field.getName() + "=" + event.getValue(field.getName()))
                .reduce("", String::concat);
        return event.getEventType().getName().replace("vhost4j.", "") + fields;
    }

    private List<String> record(Runnable what) throws IOException {
        Path file = directory.resolve("events.jfr");
        try (Recording recording = new Recording()) {
            Stream.of("Negotiation", "Reset", "Stop", "RingStart", "RingStop")
                    .forEach(name -> recording.enable("vhost4j." + name));
            recording.start();
            what.run();
            recording.stop();
            recording.dump(file);
        }
        return RecordingFile.readAllEvents(file).stream()
                .peek(event ->
                        assertThat(event.getEventType().getCategoryNames()).containsExactly("vhost4j"))
                .sorted((a, b) -> a.getStartTime().compareTo(b.getStartTime()))
                .map(FlightRecorderTest::text)
                .toList();
    }

    @Test
    void everythingThatHappensToAGuestIsRecorded() throws IOException {
        List<String> events = record(() -> {
            try (TestBackEnd backEnd = TestBackEnd.bridge(1)) {
                try (NetDriver guest = backEnd.attach(0, NetSetup.full().queues(1, 64))) {
                    FrontEndQueue transmit = guest.transmitQueue(0);
                    transmit.splitRing().rawAvailEntry(0, 64);
                    transmit.splitRing().rawAvailIdx(1);
                    transmit.kick().signal();
                    backEnd.awaitLine("guest0 stopped", "queue 1");
                    assertThat(transmit.stop(guest.frontEnd())).isZero();
                    guest.frontEnd().resetDevice();
                    guest.frontEnd().barrier();
                }
                backEnd.awaitLine("guest0 detached");
            }
        });
        assertThat(events)
                .anyMatch(event -> event.startsWith(
                                "Negotiation guest=guest0 offered=" + TestBackEnd.OFFERED + " acknowledged=CSUM ")
                        && event.endsWith(" frontEnd=" + ProcessHandle.current().pid()))
                .contains(
                        "RingStart guest=guest0 ring=0 size=64 packed=false base=0",
                        "RingStart guest=guest0 ring=1 size=64 packed=false base=0",
                        "Stop guest=guest0 cause=guest0 queue 1: available ring names descriptor 64 of 64",
                        "RingStop guest=guest0 ring=1 base=0",
                        "Reset guest=guest0 cause=RESET_DEVICE",
                        "Reset guest=guest0 cause=DISCONNECTED");
        assertThat(events.stream().filter(event -> event.startsWith("RingStart")))
                .as("each ring that started stops: %s", events)
                .hasSameSizeAs(events.stream()
                        .filter(event -> event.startsWith("RingStop"))
                        .toList());
        assertThat(events.stream().filter(event -> event.startsWith("Negotiation")))
                .as("once for a driver: %s", events)
                .hasSize(1);
    }

    @Test
    void whatIsNotEnabledIsNotRecorded() throws IOException {
        Path file = directory.resolve("nothing.jfr");
        try (Recording recording = new Recording()) {
            recording.enable("jdk.JVMInformation");
            recording.disable("vhost4j.RingStart");
            recording.start();
            try (TestBackEnd backEnd = TestBackEnd.bridge(1)) {
                backEnd.attach(0, NetSetup.full()).close();
                backEnd.awaitLine("guest0 detached");
            }
            recording.stop();
            recording.dump(file);
        }
        assertThat(RecordingFile.readAllEvents(file))
                .noneMatch(event -> event.getEventType().getName().equals("vhost4j.RingStart"));
    }
}
