// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class JsonReportTest {
    private final JsonNode json = JsonMapper.builder().build().readTree(JsonReport.of(Reports.whole()));

    @Test
    void everySampleIsThere() {
        JsonNode ours = json.at("/rows/0/cases/0/contenders/0");
        assertThat(ours.get("name").asString()).isEqualTo("ours");
        assertThat(ours.at("/rate/median").asDouble()).isEqualTo(5e6);
        assertThat(ours.at("/rate/least").asDouble()).isEqualTo(4e6);
        assertThat(ours.get("front-end-frames").asLong()).isEqualTo(5);
        assertThat(ours.get("samples").size()).isEqualTo(3);
        assertThat(ours.at("/samples/1/rate").asDouble()).isEqualTo(6e6);
        assertThat(ours.at("/samples/1/disturbed").asBoolean(true)).isFalse();
    }

    @Test
    void goalsHaveAVerdict() {
        JsonNode goal = json.at("/rows/0/cases/0/goals/0");
        assertThat(goal.get("value").asDouble()).isEqualTo(1.25);
        assertThat(goal.get("goal").asString()).isEqualTo(">= 1.00 (aim 1.30)");
        assertThat(goal.get("verdict").asString()).isEqualTo("met");
    }

    @Test
    void seriesAndCurvesAreThere() {
        assertThat(json.at("/rows/1/cases/2/x").asDouble()).isEqualTo(64);
        assertThat(json.at("/rows/1/cases/2/series").asString()).isEqualTo("guests");
        assertThat(json.at("/rows/2/cases/0/contenders/0/samples/0/curve/1/1").asDouble())
                .isEqualTo(30);
        assertThat(json.at("/facts/processor").asString()).isEqualTo("slow & <old>");
    }
}
