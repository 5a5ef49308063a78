// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.top;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * One line of the table, for one port. Rates are per second.
 *
 * @param name name of the port
 * @param kind {@code guest}, {@code tap} and so on
 * @param state state of a guest, {@code link down}, or a hyphen
 * @param vlan VLANs in a few characters
 * @param features number of features that the guest's driver has acknowledged; -1 for none yet, and for other ports
 * @param framesIn frames per second to the bridge
 * @param bitsIn bits per second to the bridge
 * @param framesOut frames per second from the bridge
 * @param bitsOut bits per second from the bridge
 * @param dropped dropped frames per second
 */
record PortLine(
        String name,
        String kind,
        String state,
        String vlan,
        int features,
        double framesIn,
        double bitsIn,
        double framesOut,
        double bitsOut,
        double dropped) {
    private static final int BITS = 8;

    /**
     * Creates the lines of all ports.
     *
     * @param ports result of query-ports
     * @param devices result of query-devices
     * @param before an earlier result of query-ports, for rates since then; empty for the rates that the back-end has
     * @param seconds time since then in seconds
     */
    static List<PortLine> all(JsonNode ports, JsonNode devices, JsonNode before, double seconds) {
        Map<String, Integer> features = new HashMap<>();
        devices.forEach(device -> features.put(
                device.path("name").asString(),
                device.has("negotiated")
                        ? device.path("negotiated").path("names").size()
                        : -1));
        Map<String, JsonNode> earlier = new HashMap<>();
        before.forEach(port -> earlier.put(port.path("name").asString(), port));
        List<PortLine> lines = new ArrayList<>();
        for (JsonNode port : ports) {
            String name = port.path("name").asString();
            JsonNode then = earlier.get(name);
            Rates rates = then != null && seconds > 0 && then.path("since").equals(port.path("since"))
                    ? new Rates(port, then, seconds)
                    : Rates.ofBackEnd(port);
            lines.add(new PortLine(
                    name,
                    port.path("kind").asString(),
                    state(port),
                    vlan(port.path("vlan")),
                    features.getOrDefault(name, -1),
                    rates.framesIn,
                    rates.bytesIn * BITS,
                    rates.framesOut,
                    rates.bytesOut * BITS,
                    rates.dropped));
        }
        return lines;
    }

    private record Rates(double framesIn, double bytesIn, double framesOut, double bytesOut, double dropped) {
        private Rates(JsonNode now, JsonNode then, double seconds) {
            this(
                    between(now, then, "in", "frames") / seconds,
                    between(now, then, "in", "bytes") / seconds,
                    between(now, then, "out", "frames") / seconds,
                    between(now, then, "out", "bytes") / seconds,
                    Math.max(0, drops(now) - drops(then)) / seconds);
        }

        private static Rates ofBackEnd(JsonNode port) {
            return new Rates(
                    port.path("in").path("frames-per-second").asDouble(),
                    port.path("in").path("bytes-per-second").asDouble(),
                    port.path("out").path("frames-per-second").asDouble(),
                    port.path("out").path("bytes-per-second").asDouble(),
                    port.path("dropped-per-second").asDouble());
        }

        private static double between(JsonNode now, JsonNode then, String way, String what) {
            return Math.max(
                    0,
                    now.path(way).path(what).asDouble()
                            - then.path(way).path(what).asDouble());
        }

        private static double drops(JsonNode port) {
            double sum = 0;
            for (JsonNode drop : port.path("drops")) {
                sum += drop.path("frames").asDouble();
            }
            return sum;
        }
    }

    private static String state(JsonNode port) {
        if (port.has("link-up") && !port.path("link-up").asBoolean()) {
            return "link down";
        }
        return port.path("state").asString("-");
    }

    private static String vlan(JsonNode vlan) {
        JsonNode trunks = vlan.has("cvlans") ? vlan.path("cvlans") : vlan.path("trunks");
        String several =
                trunks.size() == 0 ? "" : trunks.size() == 1 ? trunks.get(0).asString() : trunks.size() + " VLANs";
        String tag = vlan.has("tag") ? vlan.path("tag").asString() : "";
        String text = tag.isEmpty() || several.isEmpty() ? tag + several : tag + "+" + several;
        return text.isEmpty() ? "-" : text;
    }
}
