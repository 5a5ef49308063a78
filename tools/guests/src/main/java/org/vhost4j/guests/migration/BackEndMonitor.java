// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.migration;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** Queries a back-end of this program through its {@code --qmp} socket. */
public final class BackEndMonitor {
    private final Path socket;

    /**
     * Creates a client; each query makes a new connection.
     *
     * @param socket the path of the socket of {@code run --qmp}
     */
    public BackEndMonitor(Path socket) {
        this.socket = socket;
    }

    /**
     * Queries the offload counters, summed over all guests and ports ({@code offload-engine} of {@code query-stats}).
     *
     * @return the counters by name
     * @throws IOException when the back-end does not answer
     */
    public Map<String, Long> offloads() throws IOException {
        Map<String, Long> counters = new LinkedHashMap<>();
        for (JsonNode counter : ask("query-stats").path("offload-engine").values()) {
            counters.put(counter.path("name").asString(), counter.path("value").asLong());
        }
        return counters;
    }

    /**
     * Queries the fingerprint of the guest-visible properties of the devices.
     *
     * @return the fingerprint that {@code run} prints at start
     * @throws IOException when the back-end does not answer
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
