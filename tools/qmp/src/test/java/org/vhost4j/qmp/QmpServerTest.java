// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.sys.Await;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

@Timeout(value = 5, unit = TimeUnit.MINUTES)
class QmpServerTest {
    /** The bit by which vhost-user negotiates its own features (VHOST_USER_F_PROTOCOL_FEATURES); no driver sees it. */
    private static final long PROTOCOL_FEATURES = 1L << 30;

    @TempDir
    Path directory;

    @Test
    void aConversation() throws Exception {
        try (QmpFixture fixture = new QmpFixture(directory);
                TestClient client = TestClient.connect(fixture.path())) {
            assertThat(client.line())
                    .isEqualTo("{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 3, \"minor\": 2, \"major\": 1}, "
                            + "\"package\": \"vhost4j 1.2.3-TEST\"}, \"capabilities\": []}}");
            assertThat(client.ask("{\"execute\": \"query-version\"}"))
                    .isEqualTo("{\"error\": {\"class\": \"CommandNotFound\", \"desc\": "
                            + "\"Expecting capabilities negotiation with 'qmp_capabilities'\"}}");
            assertThat(client.ask("{'execute': 'qmp_capabilities', 'id': 1}")).isEqualTo("{\"return\": {}, \"id\": 1}");
            assertThat(client.ask("[1]"))
                    .isEqualTo(
                            "{\"error\": {\"class\": \"GenericError\", \"desc\": \"QMP input must be a JSON object\"}}");
            client.send("{'execute': 'query-version', 'id': 2} {'execute': 'nope', 'id': 3}{'execute': 'query-com");
            assertThat(client.line()).endsWith("\"id\": 2}");
            assertThat(client.line()).startsWith("{\"id\": 3, \"error\"");
            client.send("mands'}");
            assertThat(client.line()).startsWith("{\"return\": [{\"name\": \"qmp_capabilities\"}, ");
            assertThat(fixture.troubles()).isEmpty();
        }
    }

    @Test
    void onlyTheOwnerMayConnectAndTheFileGoesWithTheServer() throws Exception {
        try (QmpFixture fixture = new QmpFixture(directory)) {
            assertThat(PosixFilePermissions.toString(
                            Files.getPosixFilePermissions(fixture.path(), LinkOption.NOFOLLOW_LINKS)))
                    .isEqualTo("rw-------");
            try (var files = Files.list(directory)) {
                assertThat(files.map(file -> file.getFileName().toString()))
                        .containsExactlyInAnyOrder("qmp.sock", "guest0.sock", "guest1.sock");
            }
        }
        assertThat(directory.resolve("qmp.sock")).doesNotExist();
    }

    @Test
    void aStaleSocketIsReplacedAndNothingElse() throws Exception {
        Path path = directory.resolve("x.sock");
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(path));
            assertThatThrownBy(() -> QmpSocket.listen(path))
                    .isInstanceOf(IOException.class)
                    .hasMessage("another process listens there already");
        }
        assertThat(path).exists();
        QmpSocket socket = QmpSocket.listen(path);
        Files.delete(path);
        Files.writeString(path, "another's");
        socket.close();
        assertThat(path).hasContent("another's");
        assertThatThrownBy(() -> QmpSocket.listen(path)).hasMessage("a file with that name exists and is not a socket");
        assertThatThrownBy(() -> QmpSocket.listen(directory.resolve("none").resolve("x")))
                .hasMessageContaining("cannot create a file in");
        assertThatThrownBy(() -> QmpSocket.listen(directory.resolve("x".repeat(110))))
                .hasMessage("the path is longer than 107 bytes");
        try (var files = Files.list(directory)) {
            assertThat(files).containsExactly(path);
        }
    }

    @Test
    void aPathOfAnyLengthThatASocketCanHave() throws Exception {
        int room = 107 - directory.toString().length() - 1;
        Path longest = directory.resolve("x".repeat(room));
        QmpSocket socket = QmpSocket.listen(longest);
        assertThat(longest).exists();
        socket.close();
        assertThat(longest).doesNotExist();
    }

    @Test
    void eventsOfAGuest() throws Exception {
        try (QmpFixture fixture = new QmpFixture(directory);
                TestClient client = TestClient.negotiated(fixture.path());
                TestClient silent = TestClient.connect(fixture.path())) {
            silent.line();
            Instant before = Instant.now();
            try (NetDriver guest = NetDriver.attach(fixture.guest(1), NetSetup.full())) {
                JsonNode event = client.event("GUEST_ATTACHED");
                assertThat(event.path("data").toString()).isEqualTo("{\"guest\":\"guest1\"}");
                assertThat(event.path("timestamp").path("seconds").asLong())
                        .isBetween(before.getEpochSecond(), Instant.now().getEpochSecond());
                assertThat(event.path("timestamp").path("microseconds").asInt()).isBetween(0, 999_999);
                JsonNode features =
                        client.event("GUEST_NEGOTIATED").path("data").path("features");
                assertThat(features.path("hex").asString())
                        .isEqualTo(FeatureSet.ofWord(guest.features() & ~PROTOCOL_FEATURES)
                                .hex());
                assertThat(client.event("GUEST_LINK_CHANGED")
                                .path("data")
                                .path("up")
                                .asBoolean())
                        .isTrue();
                JsonNode device =
                        client.returned("{'execute': 'query-devices'}").get(1);
                assertThat(device.path("state").asString()).isEqualTo("running");
                assertThat(device.path("negotiated")).isEqualTo(features);
                // The front-end has not taken CONFIG: the address in its config space was never said to us.
                assertThat(device.path("mac-source").asString()).isEqualTo("front-end");
                assertThat(device.has("mac")).isFalse();
                assertThat(device.path("queues").get(0).toString())
                        .startsWith("{\"index\":0,\"kind\":\"receive\",\"running\":true,\"enabled\":true,\"size\":")
                        .contains("\"format\":\"split\"");
                SplitDriver ring = guest.transmitQueue(0).splitRing();
                ring.rawAvailIdx(ring.size() + 10);
                guest.transmitQueue(0).kick().signal();
                String reason = client.event("DEVICE_STOPPED")
                        .path("data")
                        .path("reason")
                        .asString();
                assertThat(reason).contains("jumped");
                device = client.returned("{'execute': 'query-devices'}").get(1);
                assertThat(device.path("state").asString()).isEqualTo("stopped");
                assertThat(device.path("last-stop").asString()).isEqualTo(reason);
            }
            assertThat(client.event("GUEST_DETACHED").path("data").path("guest").asString())
                    .isEqualTo("guest1");
            assertThat(client.returned("{'execute': 'query-devices'}")
                            .get(1)
                            .path("state")
                            .asString())
                    .isEqualTo("waiting");
            assertThat(client.returned("{'execute': 'query-devices'}")
                            .get(1)
                            .path("mac-source")
                            .asString())
                    .isEqualTo("device");
            // Nothing was said to the one that has not negotiated.
            assertThat(silent.ask("{'execute': 'qmp_capabilities'}")).isEqualTo("{\"return\": {}}");
        }
    }

    @Test
    void theLinkOfAGuestIsSet() throws Exception {
        try (QmpFixture fixture = new QmpFixture(directory);
                TestClient client = TestClient.negotiated(fixture.path())) {
            try (NetDriver guest = NetDriver.attach(fixture.guest(1), NetSetup.full())) {
                assertThat(guest.features()).isNotZero();
                client.event("GUEST_LINK_CHANGED");
                setLink(client, false, true);
                JsonNode devices = client.returned("{'execute': 'query-devices'}");
                assertThat(devices.get(1).path("link-up").asBoolean()).isFalse();
                assertThat(devices.get(1).path("state").asString()).isEqualTo("negotiated");
                assertThat(devices.get(0).path("link-up").asBoolean()).isTrue();
                // Once is enough: nothing has changed.
                setLink(client, false, false);
            }
            client.event("GUEST_DETACHED");
            try (NetDriver guest = NetDriver.attach(fixture.guest(1), NetSetup.full())) {
                assertThat(guest.features()).isNotZero();
                client.event("GUEST_NEGOTIATED");
                setLink(client, false, false);
                setLink(client, true, true);
            }
        }
    }

    private static void setLink(TestClient client, boolean up, boolean changes) throws IOException {
        client.send("{'execute': 'set_link', 'arguments': {'name': 'guest1', 'up': " + up + "}}");
        List<String> lines = new ArrayList<>(List.of(client.line()));
        if (changes) {
            lines.add(client.line());
        }
        // An event and an answer come in any order.
        assertThat(lines).contains("{\"return\": {}}");
        String event = "\"event\": \"GUEST_LINK_CHANGED\", \"data\": {\"guest\": \"guest1\", \"up\": " + up + "}}";
        assertThat(lines.stream().anyMatch(line -> line.endsWith(event))).isEqualTo(changes);
    }

    @Test
    void quitTellsAllClientsAndThenAnswers() throws Exception {
        try (QmpFixture fixture = new QmpFixture(directory);
                TestClient client = TestClient.negotiated(fixture.path());
                TestClient other = TestClient.negotiated(fixture.path())) {
            client.send("{'execute': 'quit', 'id': 'q'}");
            assertThat(client.line())
                    .contains("\"event\": \"SHUTDOWN\", \"data\": {\"guest\": false, \"reason\": \"host-qmp-quit\"}}");
            assertThat(client.line()).isEqualTo("{\"return\": {}, \"id\": \"q\"}");
            assertThat(other.line()).contains("host-qmp-quit");
            assertThat(fixture.quit().await(1, TimeUnit.MINUTES)).isTrue();
            fixture.monitor().endedBySignal();
            fixture.monitor().close();
            assertThatThrownBy(other::line).hasMessageContaining("hung up");
        }
    }

    @Test
    void aSignalTellsAllFrontEndsBeforeTheEnd() throws Exception {
        try (QmpFixture fixture = new QmpFixture(directory);
                TestClient client = TestClient.negotiated(fixture.path())) {
            fixture.monitor().endedBySignal();
            fixture.monitor().close();
            assertThat(client.line()).contains("\"reason\": \"host-signal\"");
            assertThatThrownBy(client::line).hasMessageContaining("hung up");
        }
    }

    /** The end may come at any moment between two looks of the thread that writes. */
    @Test
    void whatWasSaidLastIsWrittenBeforeTheEnd() throws Exception {
        QmpEvent event = QmpEvent.now("X", JsonNodeFactory.instance.objectNode());
        for (int round = 0; round < 200; round++) {
            Path path = directory.resolve("last-" + round + ".sock");
            QmpServer server = new QmpServer(QmpSocket.listen(path), line -> {}, Await.PATIENCE);
            server.start(JsonNodeFactory.instance.objectNode(), QmpAnswersTest.negotiationOnly(), () -> {});
            try (TestClient client = TestClient.negotiated(path)) {
                int events = 1 + round % 3;
                for (int i = 0; i < events; i++) {
                    server.publishNow(event);
                }
                server.close();
                for (int i = 0; i < events; i++) {
                    assertThat(client.line()).contains("\"event\": \"X\"");
                }
                assertThatThrownBy(client::line).hasMessageContaining("hung up");
            }
        }
    }

    @Test
    void clientsDoNotDisturbEachOther() throws Exception {
        try (QmpFixture fixture = new QmpFixture(directory)) {
            List<TestClient> others = new ArrayList<>();
            // One that does not read, one that ends in the middle of a message, one that sends garbage.
            TestClient deaf = TestClient.negotiated(fixture.path());
            others.add(deaf);
            Thread flood = Thread.ofPlatform().daemon().start(() -> {
                try {
                    while (true) {
                        deaf.send("{'execute': 'query-qmp-schema'}");
                    }
                } catch (IOException e) {
                    // The test is over.
                }
            });
            for (int i = 0; i < 5; i++) {
                try (TestClient sudden = TestClient.negotiated(fixture.path())) {
                    sudden.send("{'execute': 'query-qmp-schema'}{'execute': 'query-");
                }
            }
            Random random = new Random(3);
            byte[] garbage = new byte[100_000];
            random.nextBytes(garbage);
            TestClient noisy = TestClient.negotiated(fixture.path());
            others.add(noisy);
            Thread noise = Thread.ofPlatform().daemon().start(() -> {
                try {
                    noisy.send(garbage);
                } catch (IOException e) {
                    // Likewise.
                }
            });
            try (TestClient client = TestClient.negotiated(fixture.path())) {
                for (int i = 0; i < 100; i++) {
                    assertThat(client.returned("{'execute': 'query-devices'}").size())
                            .isEqualTo(2);
                }
            }
            for (TestClient other : others) {
                other.close();
            }
            flood.join();
            noise.join();
            assertThat(fixture.troubles()).isEmpty();
        }
    }

    @Test
    void randomBytesAreSurvivedAndFfBringsBackOrder() throws Exception {
        Random random = new Random(11);
        try (QmpFixture fixture = new QmpFixture(directory);
                TestClient client = TestClient.negotiated(fixture.path())) {
            for (int i = 0; i < 300; i++) {
                byte[] garbage = new byte[random.nextInt(200)];
                random.nextBytes(garbage);
                client.send(garbage);
                client.send("\u00ff{'execute': 'query-version', 'id': " + i + "}");
                String line = client.line();
                while (!line.startsWith("{\"return\"")) {
                    assertThat(line).startsWith("{\"error\": {\"class\": \"GenericError\"");
                    line = client.line();
                }
                assertThat(line).endsWith("\"id\": " + i + "}");
            }
        }
    }

    @Test
    void aClientThatLetsEventsPileUpIsSentAway() throws Exception {
        Path path = directory.resolve("x.sock");
        QmpServer server = new QmpServer(QmpSocket.listen(path), line -> {});
        QmpEvent event = QmpEvent.now("X", JsonNodeFactory.instance.objectNode().put("text", "x".repeat(10_000)));
        server.start(JsonNodeFactory.instance.objectNode(), QmpAnswersTest.negotiationOnly(), () -> {});
        try (TestClient slow = TestClient.negotiated(path);
                TestClient good = TestClient.negotiated(path)) {
            assertThat(good.ask("{'execute': 'x'}")).contains("has not been found");
            assertThat(slow.ask("{'execute': 'x'}")).contains("has not been found");
            for (int i = 0; i < 1500; i++) {
                server.publishNow(event);
                assertThat(good.line()).contains("\"event\": \"X\"");
            }
            assertThatThrownBy(() -> {
                        while (true) {
                            slow.line();
                        }
                    })
                    .isInstanceOf(IOException.class);
            assertThat(good.ask("{'execute': 'x'}")).contains("has not been found");
        } finally {
            server.close();
        }
        assertThat(path).doesNotExist();
    }

    @Test
    void moreClientsThanThereAreServedWaitForTheirTurn() throws Exception {
        try (QmpFixture fixture = new QmpFixture(directory)) {
            List<TestClient> clients = new ArrayList<>();
            for (int i = 0; i < QmpServer.CLIENTS; i++) {
                clients.add(TestClient.negotiated(fixture.path()));
            }
            try (TestClient waiting = TestClient.connect(fixture.path())) {
                waiting.send("{'execute': 'qmp_capabilities'}");
                clients.removeFirst().close();
                assertThat(waiting.line()).startsWith("{\"QMP\"");
                assertThat(waiting.line()).isEqualTo("{\"return\": {}}");
            }
            for (TestClient client : clients) {
                client.close();
            }
        }
    }
}
