// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.Counters;
import org.vhost4j.tools.common.Table;
import org.vhost4j.tools.common.Terminal;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Formats the demo's results as a table. */
final class DemoTable {
    private static final List<Counter> SHOWN = List.of(
            Counter.TX_FRAMES,
            Counter.TX_BYTES,
            Counter.TX_TCPV4,
            Counter.TX_TCPV6,
            Counter.TX_UDP_L4,
            Counter.RX_FRAMES,
            Counter.RX_BYTES,
            Counter.RX_TCPV4,
            Counter.RX_TCPV6,
            Counter.RX_UDP_L4,
            Counter.RX_NO_BUFFER,
            Counter.RX_TOO_LONG,
            Counter.TX_BAD_HEADER);

    private static final JsonMapper MAPPER = new JsonMapper();

    private final List<Row> rows;
    private final List<FeatureSet> negotiated;
    private final List<Counters> counters;

    /**
     * The result of one exchange.
     *
     * @param what description of the exchange
     * @param result result of the exchange
     * @param good whether the result is the expected one
     */
    record Row(String what, String result, boolean good) {}

    DemoTable(List<Row> rows, List<FeatureSet> negotiated, List<Counters> counters) {
        this.rows = rows;
        this.negotiated = negotiated;
        this.counters = counters;
    }

    String text() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < negotiated.size(); i++) {
            text.append("guest")
                    .append(i)
                    .append(" negotiated ")
                    .append(negotiated.get(i).hex())
                    .append('\n');
            Table names = new Table();
            names.row("    " + String.join(" ", negotiated.get(i).names()));
            text.append(names.text(Terminal.columns()));
        }
        text.append('\n').append(numbers().text(Terminal.columns())).append('\n');
        Table exchanged = new Table();
        rows.forEach(row -> exchanged.row(row.what(), row.result()));
        text.append(exchanged.text(Terminal.columns())).append('\n');
        return text.toString();
    }

    /**
     * Returns the same table as JSON.
     *
     * @param faults results that are not the expected ones
     * @return a JSON object, with a line end
     */
    String json(List<String> faults) {
        ObjectNode root = MAPPER.createObjectNode().put("vhost4j-demo", 1);
        ArrayNode guests = root.putArray("guests");
        for (int i = 0; i < negotiated.size(); i++) {
            ObjectNode guest =
                    guests.addObject().put("features", negotiated.get(i).hex());
            ArrayNode names = guest.putArray("names");
            negotiated.get(i).names().forEach(names::add);
            ObjectNode counts = guest.putObject("counters");
            for (Counter counter : Counter.values()) {
                counts.put(
                        counter.name().toLowerCase(Locale.ROOT).replace('_', '-'),
                        counters.get(i).get(counter));
            }
        }
        ArrayNode exchanges = root.putArray("exchanges");
        rows.forEach(row -> exchanges
                .addObject()
                .put("what", row.what())
                .put("result", row.result())
                .put("good", row.good()));
        ArrayNode failed = root.putArray("faults");
        faults.forEach(failed::add);
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
    }

    private Table numbers() {
        Table table = new Table(1);
        table.row("", "guest0", "guest1");
        for (Counter counter : SHOWN) {
            List<String> line = new ArrayList<>(List.of(counter.meaning()));
            counters.forEach(each -> line.add(Long.toString(each.get(counter))));
            table.row(line);
        }
        return table;
    }
}
