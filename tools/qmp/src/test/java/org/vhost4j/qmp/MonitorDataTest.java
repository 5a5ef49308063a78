// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vhost4j.platform.definition.PlatformCatalog;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class MonitorDataTest {
    private static List<String> lines(List<String> machines, List<String> platforms) {
        byte[] data = MonitorData.of(PlatformCatalog.shipped(), QmpFixture.host(), "linux-6.0", machines, platforms);
        return new String(data, StandardCharsets.US_ASCII).lines().toList();
    }

    private static JsonNode json(List<String> lines, String word) {
        String line = lines.stream()
                .filter(each -> each.startsWith(word + " "))
                .findFirst()
                .orElseThrow();
        return new JsonMapper().readTree("[" + line.substring(word.length() + 1) + "]");
    }

    @Test
    void platformsAreThoseOfTheMonitorWithoutItsSoftware() {
        List<String> lines = lines(List.of("pc-q35-9.1"), List.of("linux-6.0", "linux-6.1"));
        assertThat(lines.getFirst()).isEqualTo("vhost4j-monitor-data 1");
        assertThat(lines).contains("machine pc-q35-9.1", "platform linux-6.0", "platform linux-6.1");
        JsonNode all = json(lines, "platforms").get(0);
        JsonNode brief = json(lines, "brief").get(0);
        assertThat(all.size()).isEqualTo(PlatformCatalog.shipped().platforms().size() + 1);
        assertThat(brief.size()).isEqualTo(all.size());
        assertThat(all.toString())
                .contains("\"compat-props\"")
                .contains("\"in-use\":true")
                .doesNotContain("in-software");
        assertThat(brief.toString()).doesNotContain("compat-props");
    }

    @Test
    void theSchemaLeavesTheNumbersOfTypesOpen() {
        JsonNode schema = json(lines(List.of(), List.of()), "schema");
        JsonNode command = schema.get(0);
        assertThat(command.path("name").asString()).isEqualTo("query-platforms");
        assertThat(command.path("meta-type").asString()).isEqualTo("command");
        assertThat(command.path("arg-type").asString()).matches("@[0-9]@");
        assertThat(command.path("ret-type").asString()).matches("\\[@[0-9]@]");
        List<String> described =
                schema.valueStream().map(each -> each.path("name").asString()).toList();
        assertThat(described)
                .contains(
                        command.path("arg-type").asString(),
                        command.path("ret-type").asString());
        // Built-in types and lists of them are QEMU's own.
        assertThat(described.subList(1, described.size())).allMatch(name -> name.matches("\\[?@[0-9]@]?"));
        schema.forEach(entity -> entity.path("members")
                .forEach(member -> assertThat(member.path("type").asString())
                        .satisfies(type -> assertThat(described.contains(type) || type.matches("str|bool|\\[str]"))
                                .as(type)
                                .isTrue())));
        assertThat(schema.toString()).doesNotContain("in-software");
    }

    @Test
    void aNameThatNoMachineHasIsRefused() {
        assertThatThrownBy(() -> lines(List.of("pc q35"), List.of())).hasMessageContaining("'pc q35'");
        assertThatThrownBy(() -> lines(List.of(), List.of("linux+1"))).hasMessageContaining("'linux+1'");
    }
}
