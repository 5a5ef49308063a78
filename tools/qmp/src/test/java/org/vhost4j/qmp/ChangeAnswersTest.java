// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.qmp.schema.Schema;
import org.vhost4j.qmp.schema.TypeCheck;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tests clients that add, change and remove guests of a running back-end. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class ChangeAnswersTest {
    @TempDir
    Path directory;

    private static String add(Path socket, String more) {
        return "{'execute': 'guest-add', 'arguments': {'socket-path': '" + socket + "'" + more + "}}";
    }

    @Test
    void aGuestComesChangesAndGoes() throws Exception {
        Path socket = directory.resolve("web.sock");
        try (QmpFixture fixture = QmpFixture.bridged(directory);
                TestClient client = TestClient.negotiated(fixture.path());
                TestClient other = TestClient.negotiated(fixture.path())) {
            assertThat(client.returned(add(socket, ", 'name': 'web'")).toString())
                    .isEqualTo("{\"name\":\"web\"}");
            assertThat(other.event("GUEST_ADDED").path("data").toString()).isEqualTo("{\"guest\":\"web\"}");
            assertThat(socket).exists();
            JsonNode devices = client.returned("{'execute': 'query-devices'}");
            assertThat(devices.get(2).path("name").asString()).isEqualTo("web");
            client.returned("{'execute': 'guest-set', 'arguments': {'name': 'web', 'tag': 7}}");
            assertThat(other.event("GUEST_CHANGED").path("data").toString()).isEqualTo("{\"guest\":\"web\"}");
            JsonNode last = client.returned("{'execute': 'guest-remove', 'arguments': {'name': 'web'}}");
            assertThat(last.path("name").asString()).isEqualTo("web");
            assertThat(TypeCheck.value(Schema.load().command("guest-remove").returns(), last, "return"))
                    .isEmpty();
            assertThat(other.event("GUEST_REMOVED").path("data").toString()).isEqualTo("{\"guest\":\"web\"}");
            assertThat(Files.exists(socket)).isFalse();
            assertThat(client.returned("{'execute': 'query-stats'}")
                            .path("guests")
                            .size())
                    .isEqualTo(2);
        }
    }

    @Test
    void whatIsRefusedHasAClassAndAText() throws Exception {
        try (QmpFixture fixture = QmpFixture.bridged(directory);
                TestClient client = TestClient.negotiated(fixture.path())) {
            assertThat(client.ask(add(fixture.guest(0), "")))
                    .isEqualTo("{\"error\": {\"class\": \"GenericError\", \"desc\": \"socket " + fixture.guest(0)
                            + " is that of guest 'guest0'\"}}");
            for (String command : new String[] {"guest-remove", "guest-set", "port-remove", "port-set"}) {
                assertThat(client.ask("{'execute': '" + command + "', 'arguments': {'name': 'x'}}"))
                        .isEqualTo("{\"error\": {\"class\": \"DeviceNotFound\", \"desc\": \"Device 'x' not found\"}}");
            }
            assertThat(client.ask("{'execute': 'port-add', 'arguments': {'port': 'hole', 'tag': 5}}"))
                    .isEqualTo("{\"error\": {\"class\": \"GenericError\", \"desc\":"
                            + " \"port hole {tag=5}: there is no such kind\"}}");
            assertThat(client.ask(add(directory.resolve("y.sock"), ", 'tga': 5")))
                    .contains("Parameter 'tga' is unexpected");
            assertThat(directory.resolve("y.sock")).doesNotExist();
        }
    }

    @Test
    void argumentsAreSettingsAsTheCommandLineHasThem() {
        JsonNode arguments = new JsonMapper()
                .readTree("{\"name\": \"a\", \"tag\": 5, \"server\": false, \"trunks\": [\"1\", \"10-20\"]}");
        assertThat(ChangeAnswers.settings(arguments, "name"))
                .isEqualTo(Map.of("tag", "5", "server", "off", "trunks", "[1,10-20]"));
    }
}
