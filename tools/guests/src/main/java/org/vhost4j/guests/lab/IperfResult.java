// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.lab;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The result of one run of iperf3.
 *
 * @param bytes the number of bytes received
 * @param bitsPerSecond the rate of the data received, in bits per second
 * @param retransmits the number of TCP segments that were retransmitted; 0 for UDP
 * @param lostDatagrams the number of datagrams that were lost; 0 for TCP
 */
public record IperfResult(long bytes, double bitsPerSecond, long retransmits, long lostDatagrams) {
    /**
     * Reads the output of {@code iperf3 -J}.
     *
     * @param json the output
     * @return the result
     * @throws GuestFailure when it reports an error or has another format
     */
    static IperfResult parse(String json) {
        JsonNode root;
        try {
            root = JsonMapper.shared().readTree(json);
        } catch (JacksonException e) {
            throw new GuestFailure("iperf3 printed no JSON: " + json.strip());
        }
        if (root.has("error")) {
            throw new GuestFailure("iperf3: " + root.get("error").asString());
        }
        JsonNode end = root.path("end");
        JsonNode received = end.has("sum_received") ? end.get("sum_received") : end.path("sum");
        return new IperfResult(
                received.path("bytes").asLong(0),
                received.path("bits_per_second").asDouble(0),
                end.path("sum_sent").path("retransmits").asLong(0),
                end.path("sum").path("lost_packets").asLong(0));
    }

    /**
     * Formats the rate as text.
     *
     * @return a text such as {@code 812 Mbit/s}
     */
    public String rate() {
        return "%.0f Mbit/s".formatted(bitsPerSecond / 1e6);
    }
}
