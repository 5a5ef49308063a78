// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.guests.qemu.Attachment.Settings;
import org.vhost4j.platform.definition.Property;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

/** Writes the observed features as Markdown. */
public final class FeatureTables {
    private final List<QemuRecord> qemus;
    private final List<Column> columns;

    public FeatureTables(List<QemuRecord> qemus) {
        this.qemus = List.copyOf(qemus);
        this.columns = Column.of(qemus);
    }

    /**
     * Formats the tables.
     *
     * @param date the date of the observations
     * @return the lines, each with a line terminator
     */
    public String text(String date) {
        StringBuilder text = new StringBuilder("Observed on " + date + " with\n\n");
        Markdown.row(text, List.of("QEMU", "`--version`", "machine of the tables", "machines tested"));
        Markdown.rule(text, 4);
        for (QemuRecord qemu : qemus) {
            Markdown.row(
                    text,
                    List.of(
                            qemu.name(),
                            qemu.version(),
                            qemu.newest().machine(),
                            Integer.toString(qemu.machines().size())));
        }
        text.append("\n## Feature bits\n\n").append(features());
        text.append("\n## Where machines differ\n\n").append(differences());
        text.append("\n## Protocol features\n\n").append(protocol());
        text.append("\n## Requests\n\n").append(requests());
        return text.toString();
    }

    /** Returns a table with a row for each bit, whose first cell is the bit's number. */
    String features() {
        StringBuilder text = new StringBuilder();
        heading(text, List.of("bit", "feature", "property"));
        for (Feature feature : Feature.values()) {
            if (feature != Feature.PROTOCOL_FEATURES) {
                List<String> cells =
                        new ArrayList<>(List.of(Integer.toString(feature.bit()), feature.name(), property(feature)));
                columns.forEach(
                        column -> cells.add(column.record().handling(feature).toString()));
                Markdown.row(text, cells);
            }
        }
        return text.toString();
    }

    private static String property(Feature feature) {
        return Property.of(feature)
                .filter(Property::isQemus)
                .map(property -> "`" + property.name() + "`")
                .orElse("");
    }

    private String differences() {
        StringBuilder text = new StringBuilder();
        for (Column column : columns) {
            for (MachineDifferences difference : MachineDifferences.of(column)) {
                if (text.isEmpty()) {
                    Markdown.row(
                            text, List.of("QEMU and attachment", "machines", "features", "cell for these machines"));
                    Markdown.rule(text, 4);
                }
                Markdown.row(
                        text,
                        List.of(
                                column.title(),
                                difference.machines(),
                                Markdown.names(difference.features()),
                                difference.instead().toString()));
            }
        }
        return text.isEmpty() ? "No tested machine differs.\n" : text.toString();
    }

    /** Returns a table with a row for each protocol feature, whose first cell is the bit's number. */
    String protocol() {
        StringBuilder text = new StringBuilder();
        heading(text, List.of("bit", "protocol feature"));
        for (ProtocolFeature feature : ProtocolFeature.values()) {
            List<String> cells = new ArrayList<>(List.of(Integer.toString(feature.bit()), feature.name()));
            columns.forEach(column -> cells.add(column.record().protocol().contains(feature) ? "acknowledged" : "–"));
            Markdown.row(text, cells);
        }
        return text.toString();
    }

    private void heading(StringBuilder text, List<String> first) {
        List<String> cells = new ArrayList<>(first);
        columns.forEach(column -> cells.add(column.title()));
        Markdown.row(text, cells);
        Markdown.rule(text, cells.size());
    }

    private String requests() {
        StringBuilder text = new StringBuilder();
        sequences(text, "At QEMU's start", record -> record.atStart(Settings.DEFAULT));
        sequences(text, "When a driver starts the device", record -> record.atDriver(Settings.DEFAULT));
        sequences(text, "When a driver resets a queue and enables it again", AttachRecord::atQueueReset);
        text.append("\nWith every property on and two queue pairs:\n\n");
        heading(text, List.of("request"));
        for (Request request : Request.values()) {
            List<String> cells = new ArrayList<>(List.of(request.name()));
            for (Column column : columns) {
                boolean start = column.record().atStart(Settings.ON).contains(request.name());
                boolean driver = column.record().atDriver(Settings.ON).contains(request.name());
                cells.add(start ? driver ? "start, driver" : "start" : driver ? "driver" : "–");
            }
            if (cells.stream().anyMatch(cell -> cell.startsWith("start") || cell.equals("driver"))) {
                Markdown.row(text, cells);
            }
        }
        return text.toString();
    }

    /** Adds the requests of one phase; columns with the same requests share an entry. */
    private void sequences(StringBuilder text, String phase, Function<AttachRecord, List<String>> requests) {
        Map<String, List<String>> same = new LinkedHashMap<>();
        for (Column column : columns) {
            same.computeIfAbsent(Sequence.text(requests.apply(column.record())), key -> new ArrayList<>())
                    .add(column.title());
        }
        text.append("- ").append(phase).append('\n');
        same.forEach((sequence, titles) -> text.append("  - ")
                .append(String.join(" and ", titles))
                .append(": ")
                .append(sequence.isEmpty() ? "nothing" : sequence)
                .append('\n'));
    }
}
