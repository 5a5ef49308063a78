// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.util.List;
import org.vhost4j.tools.common.UnsupportedOption;

/** All rows, in order. */
final class Rows {
    static final List<Row> ALL = List.of(
            new SendRow(),
            new ReceiveRow(),
            new ThroughRow(),
            new DrainRow(),
            new LoggingRow(),
            new SuperFrameRow(),
            new RoundTripRow(),
            new IdleRow(),
            new MemoryRow(),
            new StartRow(),
            new WarmUpRow(),
            new ScalingRow(),
            new SteadyRow(),
            new HostTcpRow());

    private Rows() {}

    /**
     * Returns the rows with the given names.
     *
     * @throws UnsupportedOption when there is no such row
     */
    static List<Row> named(List<String> names) {
        return names.stream().map(Rows::named).toList();
    }

    private static Row named(String name) {
        return ALL.stream()
                .filter(row -> row.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new UnsupportedOption("--rows=%s: there are %s".formatted(name, names())));
    }

    static String names() {
        return String.join(", ", ALL.stream().map(Row::name).toList());
    }
}
