// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests that the Grafana dashboard queries only existing metrics, and all that change. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class DashboardTest {
    /** Metrics that a person looks up, and that no plot needs. */
    private static final Set<String> NOT_SHOWN = Set.of(
            "vhost4j_bad_frames_total",
            "vhost4j_guest_control_commands_total",
            "vhost4j_guest_info",
            "vhost4j_guest_receive_super_frames_total",
            "vhost4j_guest_station_events_total",
            "vhost4j_guest_transmit_partial_checksum_frames_total",
            "vhost4j_guest_transmit_super_frames_total",
            "vhost4j_lane_faults_total",
            "vhost4j_lane_sleeps_total",
            "vhost4j_port_in_frames_total",
            "vhost4j_port_out_frames_total",
            "process_start_time_seconds");

    @TempDir
    Path directory;

    @Test
    void everyQueryNamesMetricsThatThereAre() throws Exception {
        Set<String> served;
        try (MetricsFixture fixture = new MetricsFixture(directory)) {
            served = fixture.get("metrics", "text/plain")
                    .body()
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> line.split("[{ ]", 2)[0])
                    .collect(Collectors.toSet());
        }
        Set<String> shown = Dashboard.queries().stream()
                .flatMap(query -> Dashboard.metrics(query).stream())
                .collect(Collectors.toSet());
        assertThat(Dashboard.queries())
                .hasSizeGreaterThan(15)
                .allSatisfy(query -> assertThat(Dashboard.metrics(query)).isNotEmpty());
        assertThat(served).containsAll(shown).containsAll(NOT_SHOWN);
        assertThat(shown).doesNotContainAnyElementsOf(NOT_SHOWN);
        served.removeAll(shown);
        assertThat(served).isEqualTo(NOT_SHOWN);
    }
}
