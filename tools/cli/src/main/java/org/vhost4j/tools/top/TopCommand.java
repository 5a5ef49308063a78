// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.top;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.vhost4j.qmp.QmpConnection;
import org.vhost4j.tools.common.Terminal;
import org.vhost4j.tools.common.UnsupportedOption;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** {@code vhost4j top SOCKET}: shows guests and ports continuously. */
@Command(
        name = "top",
        description = "Shows live traffic of guests and ports; q quits. Without a terminal it prints one table.",
        mixinStandardHelpOptions = true)
public final class TopCommand implements Callable<Integer> {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT);
    private static final int DECISECONDS = 10;
    private static final double NANOS = 1e9;

    /** The largest interval that stty supports. */
    private static final int MOST_SECONDS = 25;

    @Parameters(paramLabel = "SOCKET", description = "The monitor's socket: the path in run --qmp=unix:SOCKET.")
    @SuppressWarnings("NullAway.Init")
    Path socket;

    @Option(names = "--once", description = "Prints one table and exits.")
    boolean once;

    @Option(
            names = "--interval",
            paramLabel = "SECONDS",
            description = "Time between two updates, 1 to 25 (default: 1).")
    int interval = 1;

    /** Creates the command, for picocli. */
    public TopCommand() {}

    @Override
    public Integer call() throws IOException {
        if (interval < 1 || interval > MOST_SECONDS) {
            throw new UnsupportedOption("--interval=" + interval + ": 1 to " + MOST_SECONDS + " seconds");
        }
        try (QmpConnection monitor = QmpConnection.open(socket)) {
            if (once || !TopScreen.isTerminal()) {
                print(monitor, System.out);
            } else {
                watch(monitor);
            }
        }
        return 0;
    }

    private static void print(QmpConnection monitor, PrintStream out) throws IOException {
        List<PortLine> ports = PortLine.all(
                monitor.execute("query-ports"),
                monitor.execute("query-devices"),
                JsonNodeFactory.instance.arrayNode(),
                0);
        TopTable.lines(ports, Terminal.columnsOfRecords(), Integer.MAX_VALUE).forEach(out::println);
    }

    private void watch(QmpConnection monitor) throws IOException {
        String version = monitor.execute("query-version").path("package").asString();
        try (TopScreen screen = new TopScreen(interval * DECISECONDS)) {
            JsonNode before = JsonNodeFactory.instance.arrayNode();
            long beforeAt = System.nanoTime();
            while (true) {
                JsonNode now = monitor.execute("query-ports");
                long at = System.nanoTime();
                JsonNode devices = monitor.execute("query-devices");
                List<PortLine> ports = PortLine.all(now, devices, before, (at - beforeAt) / NANOS);
                TopScreen.Size size = screen.size();
                List<String> lines = new ArrayList<>();
                lines.add(head(version, devices, ports, size.columns()));
                lines.add("");
                lines.addAll(TopTable.lines(ports, size.columns(), size.rows() - 2));
                screen.show(lines);
                int key = screen.key();
                if (key == 'q' || key == 'Q') {
                    return;
                }
                if (key < 0) {
                    // An interval has passed; after a key the next update also covers the rest of the interval.
                    before = now;
                    beforeAt = at;
                }
            }
        }
    }

    private static String head(String version, JsonNode devices, List<PortLine> ports, int width) {
        long guests = ports.stream().filter(port -> port.kind().equals("guest")).count();
        long running =
                ports.stream().filter(port -> port.state().equals("running")).count();
        String promise = devices.isEmpty()
                ? ""
                : ", " + devices.get(0).path("platform").asString() + " on "
                        + devices.get(0).path("machine").asString();
        String head = "%s%s, %d of %d guests running, %s  (q: quit)"
                .formatted(version, promise, running, guests, TIME.format(LocalTime.now(ZoneId.systemDefault())));
        return head.length() <= width ? head : head.substring(0, width);
    }
}
