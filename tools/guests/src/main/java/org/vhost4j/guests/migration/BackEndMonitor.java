// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.migration;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** What a back-end of this program tells clients of its {@code --qmp} socket. */
public final class BackEndMonitor {
    private final Path socket;

    /**
     * Names a socket; each question connects to it.
     *
     * @param socket of {@code run --qmp}
     */
    public BackEndMonitor(Path socket) {
        this.socket = socket;
    }

    /**
     * What was done to frames on their way, of all guests and ports ({@code offload-engine} of {@code query-stats}).
     *
     * @return numbers by name
     * @throws IOException when nothing answers
     */
    public Map<String, Long> offloads() throws IOException {
        Map<String, Long> counters = new LinkedHashMap<>();
        for (JsonNode counter : ask("query-stats").path("offload-engine").values()) {
            counters.put(counter.path("name").asString(), counter.path("value").asLong());
        }
        return counters;
    }

    /**
     * All that guests see of their devices, in one word.
     *
     * @return the fingerprint that {@code run} prints at start
     * @throws IOException when nothing answers
     */
    public String abi() throws IOException {
        return ask("query-devices").path(0).path("abi").asString();
    }

    private JsonNode ask(String command) throws IOException {
        try (Monitor monitor = new Monitor("the back-end", socket, () -> true)) {
            return monitor.execute(command, "{}");
        }
    }
}
