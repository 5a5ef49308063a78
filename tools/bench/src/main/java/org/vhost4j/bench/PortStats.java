// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The figures that dpdk-testpmd prints for {@code show port stats}, summed over all ports.
 *
 * @param rxPackets the number of frames received since testpmd started
 * @param txPackets the number of frames sent since testpmd started
 * @param rxRate frames received per second since the previous query, by testpmd's own clock
 * @param txRate frames sent per second since the previous query, by testpmd's own clock
 */
public record PortStats(long rxPackets, long txPackets, long rxRate, long txRate) {
    /**
     * Parses the output of {@code show port stats}.
     *
     * @param text what testpmd printed
     * @return the figures
     * @throws IllegalArgumentException when a figure is missing
     */
    public static PortStats parse(String text) {
        return new PortStats(
                figure(text, "RX-packets"), figure(text, "TX-packets"), figure(text, "Rx-pps"), figure(text, "Tx-pps"));
    }

    private static long figure(String text, String name) {
        Matcher matcher = Pattern.compile(name + ":\\s+([0-9]{1,18})\\b").matcher(text);
        if (!matcher.find()) {
            throw new IllegalArgumentException("dpdk-testpmd's port statistics do not contain " + name);
        }
        long sum = 0;
        do {
            sum += Long.parseLong(matcher.group(1));
        } while (matcher.find());
        return sum;
    }
}
