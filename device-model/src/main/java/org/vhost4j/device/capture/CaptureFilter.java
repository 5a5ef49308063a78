// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.capture;

import org.vhost4j.device.frame.Frame;

/**
 * The filter of a capture: an expression in a subset of the pcap filter language (pcap-filter(7)). A filter belongs to
 * one lane. Its evaluation allocates nothing.
 *
 * <p>Terms: {@code arp}, {@code ip}, {@code ip6}, {@code tcp}, {@code udp}, {@code icmp}, {@code icmp6}; {@code host
 * ADDRESS}, {@code net ADDRESS/BITS} and {@code port NUMBER}, each with {@code src} or {@code dst} before it; {@code
 * ip}, {@code ip6} or {@code arp} before a host or net, {@code tcp} or {@code udp} before a port; {@code ether host
 * MAC}, {@code ether src MAC}, {@code ether dst MAC}; {@code vlan} and {@code vlan ID}. They are joined by {@code not},
 * {@code and}, {@code or} ({@code !}, {@code &&}, {@code ||}) and parentheses. As in pcap, {@code and} and {@code or}
 * have the same precedence and associate from the left. Unlike pcap, all terms also match frames with VLAN tags, and
 * names are not resolved.
 */
public final class CaptureFilter {
    private final Test test;
    private final PacketView view = new PacketView();

    /** A term, or an expression of several terms. */
    @FunctionalInterface
    interface Test {
        boolean matches(PacketView packet);
    }

    private CaptureFilter(Test test) {
        this.test = test;
    }

    /**
     * Parses an expression.
     *
     * @param expression the expression, in the pcap filter language
     * @return a filter, for one lane
     * @throws IllegalArgumentException when the expression is invalid; the message is one clause that names the column, from 1
     */
    public static CaptureFilter parse(String expression) {
        return new CaptureFilter(new FilterParser(expression).parse());
    }

    /**
     * Returns whether the filter accepts a frame.
     *
     * @param frame the frame; a guest may change its bytes meanwhile, so they are read once
     * @return true when the expression matches
     */
    public boolean matches(Frame frame) {
        view.read(frame);
        return test.matches(view);
    }

    /**
     * Returns whether the filter accepts a frame.
     *
     * @param address host address of the frame's first byte
     * @param bytes length of the frame in bytes
     * @return true when the expression matches
     */
    public boolean matches(long address, int bytes) {
        view.read(address, bytes);
        return test.matches(view);
    }
}
