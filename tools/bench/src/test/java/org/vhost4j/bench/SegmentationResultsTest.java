// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SegmentationResultsTest {
    private static String jmh(String method, double... rounds) {
        StringBuilder raw = new StringBuilder();
        for (double round : rounds) {
            raw.append(raw.isEmpty() ? "" : ",").append(round);
        }
        return """
                {"benchmark": "org.vhost4j.benchmarks.SegmentBenchmark.%s",
                 "params": {"mss": "1448", "kind": "TCPV4"},
                 "primaryMetric": {"score": 99, "rawData": [[%s]]},
                 "secondaryMetrics": {"gc.alloc.rate.norm": {"score": 0.04}}}
                """.formatted(method, raw);
    }

    @Test
    void theBestRoundsAreCompared() {
        SegmentationResults results = new SegmentationResults();
        String times = "[" + jmh("copy", 2000, 1800, 2500) + "," + jmh("cutComplete", 4000, 3000) + "]";
        results.addTimes(times);
        results.addGarbage(times);
        results.addPeer("EAL: a remark of three words and more\ncut-TCPV4 1448 6000.0\ncopy-TCPV4 1448 1900.0\n");

        assertThat(results.table()
                        .lines()
                        .filter(line -> line.startsWith("TCPV4"))
                        .findFirst())
                .hasValueSatisfying(line -> assertThat(line.split(" +"))
                        .containsExactly("TCPV4", "1448", "1800", "3000", "0.60", "-", "1900", "6000", "2.00", "0.0"));
    }

    @Test
    void whatWasNotMeasuredIsADash() {
        assertThat(new SegmentationResults().table().lines().filter(line -> line.startsWith("split")))
                .hasSize(2)
                .allSatisfy(line -> assertThat(line.split(" +")).endsWith("-", "-", "-", "-", "-"));
    }
}
