// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.Unit;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Collects metrics: values of one name form one family, in the order in which the names first appear. */
final class Families {
    private final Map<String, CounterSnapshot.Builder> counters = new LinkedHashMap<>();
    private final Map<String, GaugeSnapshot.Builder> gauges = new LinkedHashMap<>();
    private final Map<String, InfoSnapshot.Builder> infos = new LinkedHashMap<>();

    /** Writes a counter without a unit; {@code _total} is added to its name. */
    void count(String name, String help, Labels labels, long value) {
        count(name, help, null, labels, (double) value);
    }

    /** Writes a counter of bytes; {@code _total} is added to its name. */
    void bytes(String name, String help, Labels labels, long value) {
        count(name, help, Unit.BYTES, labels, (double) value);
    }

    /** Writes a counter; {@code _total} is added to its name. */
    void count(String name, String help, @Nullable Unit unit, Labels labels, double value) {
        CounterSnapshot.Builder family = counters.computeIfAbsent(name, absent -> {
            CounterSnapshot.Builder made = CounterSnapshot.builder().name(name).help(help);
            return unit == null ? made : made.unit(unit);
        });
        CounterSnapshot.Builder unused = family.dataPoint(
                CounterDataPointSnapshot.builder().labels(labels).value(value).build());
    }

    /** Writes a gauge without a unit. */
    void gauge(String name, String help, Labels labels, double value) {
        gauge(name, help, null, labels, value);
    }

    /** Writes a gauge. */
    void gauge(String name, String help, @Nullable Unit unit, Labels labels, double value) {
        GaugeSnapshot.Builder family = gauges.computeIfAbsent(name, absent -> {
            GaugeSnapshot.Builder made = GaugeSnapshot.builder().name(name).help(help);
            return unit == null ? made : made.unit(unit);
        });
        GaugeSnapshot.Builder unused = family.dataPoint(
                GaugeDataPointSnapshot.builder().labels(labels).value(value).build());
    }

    /** Writes facts as labels; {@code _info} is added to its name. */
    void info(String name, String help, Labels labels) {
        InfoSnapshot.Builder family = infos.computeIfAbsent(
                name, absent -> InfoSnapshot.builder().name(name).help(help));
        InfoSnapshot.Builder unused =
                family.dataPoint(InfoDataPointSnapshot.builder().labels(labels).build());
    }

    MetricSnapshots snapshots() {
        MetricSnapshots.Builder all = MetricSnapshots.builder();
        infos.values().forEach(family -> all.metricSnapshot(family.build()));
        gauges.values().forEach(family -> all.metricSnapshot(family.build()));
        counters.values().forEach(family -> all.metricSnapshot(family.build()));
        return all.build();
    }
}
