// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What dpdk-testpmd answers to {@code show port stats}, of all ports together.
 *
 * @param rxPackets frames received since its start
 * @param txPackets frames sent since its start
 * @param rxRate frames received a second since the same question was asked last, by its own clock
 * @param txRate frames sent a second since the same question was asked last, by its own clock
 */
public record PortStats(long rxPackets, long txPackets, long rxRate, long txRate) {
    /**
     * Reads an answer.
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
            throw new IllegalArgumentException("dpdk-testpmd's port statistics do not say " + name);
        }
        long sum = 0;
        do {
            sum += Long.parseLong(matcher.group(1));
        } while (matcher.find());
        return sum;
    }
}
