// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.qmp.schema.CommandDefinition;
import org.vhost4j.qmp.schema.EventDefinition;
import org.vhost4j.qmp.schema.Schema;
import org.vhost4j.qmp.schema.TypeCheck;
import org.vhost4j.vhostuser.server.ServedChange;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Validates the responses to commands and the data of events against the schema. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class QmpAnswersTest {
    private static final Schema SCHEMA = Schema.load();

    @TempDir
    Path directory;

    /** A dispatcher that knows the negotiation and nothing else. */
    static Dispatcher negotiationOnly() {
        return new Dispatcher(
                Schema.parse("{ 'command': 'qmp_capabilities' }"),
                Map.of(Dispatcher.NEGOTIATE, ProtocolAnswers::negotiate));
    }

    @Test
    void everyAnswerIsWhatTheSchemaSays() throws Exception {
        try (QmpFixture fixture = new QmpFixture(directory);
                NetDriver guest = NetDriver.attach(fixture.guest(0), NetSetup.full());
                TestClient client = TestClient.negotiated(fixture.path())) {
            assertThat(guest.features()).isNotZero();
            for (CommandDefinition command : SCHEMA.commands().values()) {
                if (!command.name().startsWith("query-")) {
                    continue;
                }
                check(command, client.returned("{'execute': '" + command.name() + "'}"));
            }
            for (String name : List.of("query-machines", "query-platforms")) {
                for (boolean with : new boolean[] {true, false}) {
                    JsonNode answer =
                            client.returned("{'execute': '" + name + "', 'arguments': {'compat-props': " + with + "}}");
                    check(SCHEMA.command(name), answer);
                    assertThat(answer.get(0).has("compat-props")).isEqualTo(with);
                }
            }
            check(SCHEMA.command("quit"), client.returned("{'execute': 'quit'}"));
        }
    }

    private static void check(CommandDefinition command, JsonNode answer) {
        assertThat(TypeCheck.value(command.returns(), answer, command.name())).isEmpty();
    }

    @Test
    void everyEventIsWhatTheSchemaSays() {
        List<QmpEvent> all = new ArrayList<>();
        QmpEvents events = new QmpEvents(all::add);
        events.attached("guest0");
        events.negotiated("guest0", FeatureSet.ofWord(1));
        events.link("guest0", true);
        events.stopped("guest0", "why");
        events.detached("guest0", "why", "nothing");
        for (ServedChange.What what : ServedChange.What.values()) {
            events.changed(new ServedChange(what, true, "guest0"));
            events.changed(new ServedChange(what, false, "tap:tap0"));
        }
        all.add(QmpEvents.shutdown("host-signal"));
        all.add(QmpEvents.shutdown("host-qmp-quit"));
        for (QmpEvent event : all) {
            EventDefinition definition = SCHEMA.event(event.name());
            assertThat(TypeCheck.members(definition.data(), event.data())).isEmpty();
        }
        assertThat(all.stream().map(QmpEvent::name).distinct())
                .containsExactlyInAnyOrderElementsOf(SCHEMA.events().keySet());
    }

    private static ObjectNode find(JsonNode list, String name) {
        for (JsonNode each : list) {
            if (each.path("name").asString().equals(name)) {
                return (ObjectNode) each;
            }
        }
        throw new AssertionError("there is no " + name + " in " + list);
    }

    @Test
    void platformsAreJudgedForThisHost() {
        PlatformCatalog catalog = PlatformCatalog.shipped();
        JsonNode all = new PlatformAnswers(catalog, QmpFixture.host(), "linux-6.0")
                .platforms(JsonNodeFactory.instance.objectNode());
        ObjectNode good = find(all, "linux-6.0");
        assertThat(good.get("supported").asBoolean()).isTrue();
        assertThat(good.get("is-default").asBoolean()).isTrue();
        assertThat(good.get("newest").asBoolean()).isTrue();
        assertThat(good.get("in-use").asBoolean()).isTrue();
        assertThat(good.get("alias").asString()).isEqualTo("linux-6.1");
        assertThat(good.has("unsupported-reasons")).isFalse();
        assertThat(good.has("supported-in-software")).isFalse();
        ObjectNode newer = find(all, "linux-6.2");
        assertThat(newer.get("supported").asBoolean()).isFalse();
        assertThat(newer.get("supported-in-software").asBoolean()).isTrue();
        assertThat(newer.get("unsupported-reasons").toString()).contains("tap-uso is missing");
        assertThat(newer.has("is-default")).isFalse();
        assertThat(newer.has("newest")).isFalse();
        assertThat(newer.get("compat-props").toString())
                .contains("{\"qom-type\":\"virtio-net-device\",\"property\":\"host_uso\",\"value\":\"on\"}");
        assertThat(find(all, "host").get("supported").asBoolean()).isTrue();
        assertThat(all.size()).isEqualTo(catalog.platforms().size() + 1);
        for (PlatformDefinition platform : catalog.platforms()) {
            assertThat(find(all, platform.name()).get("deprecated").asBoolean())
                    .isEqualTo(platform.deprecated().isPresent());
        }
    }

    /** Whether a guest needs what the host lacks depends on what it has beside network cards. */
    @Test
    void platformsAreJudgedForEveryPartOfAGuest() {
        JsonNode all = new PlatformAnswers(PlatformCatalog.shipped(), QmpFixture.host(), "host")
                .platforms(JsonNodeFactory.instance.objectNode());
        JsonNode owners = find(all, "linux-6.0").get("owners");
        assertThat(owners.toString())
                .contains("{\"owner\":\"virtio-net\",\"supported\":true}")
                .contains("{\"owner\":\"vhost-vsock\",\"supported\":false,\"unsupported-reasons\":"
                        + "[\"vhost-vsock is missing (VHOST_GET_FEATURES of /dev/vhost-vsock");
        assertThat(find(all, "host").has("owners")).isFalse();
    }

    @Test
    void eachLineHasItsNewest() {
        JsonNode all = new PlatformAnswers(PlatformCatalog.shipped(), QmpFixture.host(), "host")
                .platforms(JsonNodeFactory.instance.objectNode().put("compat-props", false));
        List<String> newest = new ArrayList<>();
        all.forEach(platform -> {
            if (platform.path("newest").asBoolean(false)) {
                newest.add(platform.get("name").asString());
            }
        });
        assertThat(newest).contains("linux-6.0").doesNotHaveDuplicates().hasSizeGreaterThan(1);
        assertThat(find(all, "host").get("in-use").asBoolean()).isTrue();
    }

    @Test
    void machinesHaveTheirCompatProps() {
        JsonNode all = new PlatformAnswers(PlatformCatalog.shipped(), HostCapabilities.NOT_PROBED, "host")
                .machines(JsonNodeFactory.instance.objectNode().put("compat-props", true));
        assertThat(find(all, "pc-q35-8.1").get("compat-props").toString())
                .contains("{\"qom-type\":\"virtio-net-device\",\"property\":\"host_uso\",\"value\":\"off\"}");
        assertThat(find(all, "pc-q35-11.1").get("is-default").asBoolean()).isTrue();
        assertThat(find(all, "pc-q35-11.1").get("alias").asString()).isEqualTo("q35");
        assertThat(find(all, "pc-q35-8.1").has("is-default")).isFalse();
    }
}
