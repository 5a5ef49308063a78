// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.top;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.Callable;
import org.vhost4j.qmp.QmpConnection;
import org.vhost4j.tools.common.Table;
import org.vhost4j.tools.common.Terminal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code vhost4j stats SOCKET}: shows every counter once. */
@Command(
        name = "stats",
        description = "Prints the counters of guests and ports, with drops by reason.",
        mixinStandardHelpOptions = true)
public final class StatsCommand implements Callable<Integer> {
    @Parameters(paramLabel = "SOCKET", description = "The monitor's socket: the path in run --qmp=unix:SOCKET.")
    @SuppressWarnings("NullAway.Init")
    Path socket;

    @Option(names = "--json", description = "As JSON.")
    boolean json;

    /** Creates the command, for picocli. */
    public StatsCommand() {}

    @Override
    public Integer call() throws IOException {
        try (QmpConnection monitor = QmpConnection.open(socket)) {
            JsonNode ports = monitor.execute("query-ports");
            JsonNode stats = monitor.execute("query-stats");
            if (json) {
                ObjectNode all = JsonNodeFactory.instance.objectNode();
                all.set("ports", ports);
                all.set("guests", stats.path("guests"));
                all.set("offload-engine", stats.path("offload-engine"));
                System.out.println(all.toPrettyString());
            } else {
                System.out.print(text(ports, stats, Terminal.columnsOfRecords()));
            }
        }
        return 0;
    }

    /**
     * Returns the tables, with drops and further counters that are not 0.
     *
     * @param ports result of query-ports
     * @param stats result of query-stats
     * @param width maximum width in characters
     */
    static String text(JsonNode ports, JsonNode stats, int width) {
        Table traffic = new Table();
        traffic.row("PORT", "IN FRAMES", "IN BYTES", "OUT FRAMES", "OUT BYTES", "SINCE");
        Table drops = new Table();
        drops.row("PORT", "DROPPED", "WAY", "BECAUSE");
        boolean dropped = false;
        for (JsonNode port : ports) {
            String name = port.path("name").asString();
            traffic.row(
                    name,
                    port.path("in").path("frames").asString(),
                    port.path("in").path("bytes").asString(),
                    port.path("out").path("frames").asString(),
                    port.path("out").path("bytes").asString(),
                    Instant.ofEpochSecond(port.path("since").asLong()).toString());
            for (JsonNode drop : port.path("drops")) {
                if (drop.path("frames").asLong() != 0) {
                    dropped = true;
                    drops.row(
                            name,
                            drop.path("frames").asString(),
                            drop.path("direction").asString(),
                            drop.path("meaning").asString());
                }
            }
        }
        StringBuilder text = new StringBuilder(traffic.text(width)).append('\n');
        text.append(dropped ? drops.text(width) : "No frame was dropped.\n");
        Table others = new Table();
        others.row("COUNTER", "VALUE", "OF");
        boolean any = false;
        for (JsonNode guest : stats.path("guests")) {
            any |= counters(others, guest.path("counters"), guest.path("name").asString());
        }
        any |= counters(others, stats.path("offload-engine"), "all guests");
        return any ? text.append('\n').append(others.text(width)).toString() : text.toString();
    }

    private static boolean counters(Table into, JsonNode counters, String of) {
        boolean any = false;
        for (JsonNode counter : counters) {
            String name = counter.path("name").asString();
            boolean above = name.equals("tx-frames")
                    || name.equals("tx-bytes")
                    || name.equals("rx-frames")
                    || name.equals("rx-bytes");
            if (!above && counter.path("value").asLong() != 0) {
                into.row(name, counter.path("value").asString(), of);
                any = true;
            }
        }
        return any;
    }
}
