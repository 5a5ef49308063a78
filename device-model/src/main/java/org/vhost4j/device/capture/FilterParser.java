// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.capture;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.capture.CaptureFilter.Test;
import org.vhost4j.device.frame.MacAddress;

/** Parses an expression of {@link CaptureFilter}. Used once. */
final class FilterParser {
    private static final int MOST_NESTED = 100;
    /** Limits the time per frame: each further term costs one more call for each frame. */
    private static final int MOST_TERMS = 1000;

    private static final Set<String> DIRECTIONS = Set.of("src", "dst");

    private record Word(String text, int column) {}

    /** The addresses or ports that a term compares: source, destination or both. */
    private enum Side {
        SOURCE,
        DESTINATION,
        EITHER
    }

    private final List<Word> words = new ArrayList<>();
    private final int end;
    private int next;
    private int nested;
    private int terms;

    FilterParser(String expression) {
        end = expression.length() + 1;
        cut(expression);
    }

    private void cut(String text) {
        int at = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (Character.isWhitespace(c)) {
                at++;
                continue;
            }
            int from = at;
            if (text.startsWith("&&", at) || text.startsWith("||", at)) {
                at += 2;
            } else if ("()!".indexOf(c) >= 0) {
                at++;
            } else {
                while (at < text.length()
                        && !Character.isWhitespace(text.charAt(at))
                        && "()!&|".indexOf(text.charAt(at)) < 0) {
                    at++;
                }
                at = Math.max(at, from + 1);
            }
            words.add(new Word(text.substring(from, at), from + 1));
        }
    }

    /**
     * Parses the whole expression.
     *
     * @throws IllegalArgumentException when the expression is invalid; the message names the column
     */
    Test parse() {
        if (words.isEmpty()) {
            throw new IllegalArgumentException("column 1: the filter is empty");
        }
        Test all = joined();
        if (next < words.size()) {
            throw wrong("expected 'and' or 'or' instead of '" + words.get(next).text() + "'");
        }
        return all;
    }

    private Test joined() {
        Test left = term();
        while (true) {
            Test before = left;
            if (take("and") || take("&&")) {
                Test right = term();
                left = packet -> before.matches(packet) && right.matches(packet);
            } else if (take("or") || take("||")) {
                Test right = term();
                left = packet -> before.matches(packet) || right.matches(packet);
            } else {
                return left;
            }
        }
    }

    private Test term() {
        if (++nested > MOST_NESTED) {
            throw wrong("more than " + MOST_NESTED + " levels");
        }
        Test test;
        if (take("not") || take("!")) {
            Test negated = term();
            test = packet -> !negated.matches(packet);
        } else if (take("(")) {
            test = joined();
            if (!take(")")) {
                throw wrong("expected ')'");
            }
        } else {
            test = primitive();
        }
        nested--;
        return test;
    }

    private Test primitive() {
        if (++terms > MOST_TERMS) {
            throw wrong("more than " + MOST_TERMS + " terms");
        }
        Word word = word("a term, such as 'host ADDRESS' or 'tcp'");
        return switch (word.text()) {
            case "arp" -> ofNetwork(PacketView.ARP);
            case "ip" -> ofNetwork(PacketView.IPV4);
            case "ip6" -> ofNetwork(PacketView.IPV6);
            case "tcp" -> ofTransport(PacketView.TCP);
            case "udp" -> ofTransport(PacketView.UDP);
            case "icmp" -> packet -> packet.etherType == PacketView.IPV4 && packet.protocol == 1;
            case "icmp6" -> packet -> packet.etherType == PacketView.IPV6 && packet.protocol == 58;
            case "ether" -> ether();
            case "vlan" -> vlan();
            case "src", "dst", "host", "net", "port" -> {
                next--;
                yield qualified(PacketView.NONE, PacketView.NONE);
            }
            default -> throw wrong(word, "'" + word.text() + "' is not a term of a filter");
        };
    }

    private Test ofNetwork(int etherType) {
        if (follows("src") || follows("dst") || follows("host") || follows("net")) {
            return qualified(etherType, PacketView.NONE);
        }
        return packet -> packet.etherType == etherType;
    }

    private Test ofTransport(int protocol) {
        if (follows("src") || follows("dst") || follows("port")) {
            return qualified(PacketView.NONE, protocol);
        }
        return packet -> packet.protocol == protocol;
    }

    private Test qualified(int etherType, int protocol) {
        Side side = side();
        Word kind = word("'host', 'net' or 'port'");
        boolean address = kind.text().equals("host") || kind.text().equals("net");
        if (kind.text().equals("port") && etherType == PacketView.NONE) {
            return port(side, protocol);
        }
        if (address && protocol == PacketView.NONE) {
            return address(side, etherType, kind.text().equals("net"));
        }
        if (side != Side.EITHER && protocol == PacketView.NONE) {
            // An address without a qualifier is a host, as in pcap.
            next--;
            return address(side, etherType, false);
        }
        throw wrong(
                kind,
                "expected " + (protocol == PacketView.NONE ? "'host' or 'net'" : "'port'") + " instead of '"
                        + kind.text() + "'");
    }

    private Side side() {
        if (next < words.size() && DIRECTIONS.contains(words.get(next).text())) {
            return words.get(next++).text().equals("src") ? Side.SOURCE : Side.DESTINATION;
        }
        return Side.EITHER;
    }

    private Test port(Side side, int protocol) {
        Word word = word("a port number");
        int port = number(word, "a port is a number from 0 to 65535", 65535);
        Test ports = packet -> (side != Side.DESTINATION && packet.sourcePort == port)
                || (side != Side.SOURCE && packet.destinationPort == port);
        return protocol == PacketView.NONE ? ports : packet -> packet.protocol == protocol && ports.matches(packet);
    }

    private Test address(Side side, int etherType, boolean net) {
        Word word = word(net ? "ADDRESS/BITS" : "an address");
        String text = word.text();
        int slash = net ? text.indexOf('/') : -1;
        if (net && slash < 0) {
            throw wrong(word, "a net is ADDRESS/BITS, '" + text + "' has no bits");
        }
        String literal = net ? text.substring(0, slash) : text;
        boolean six = literal.indexOf(':') >= 0;
        byte[] bytes = bytes(word, literal, six);
        int width = 8 * bytes.length;
        int bits = net
                ? number(
                        new Word(text.substring(slash + 1), word.column() + slash + 1),
                        "a net has 0 to " + width + " bits",
                        width)
                : width;
        if (six ? etherType != PacketView.NONE && etherType != PacketView.IPV6 : etherType == PacketView.IPV6) {
            throw wrong(word, "'" + text + "' is an address of IPv" + (six ? 6 : 4));
        }
        return six ? of6(word, side, bytes, bits) : of4(word, side, etherType, bytes, bits);
    }

    private Test of4(Word word, Side side, int etherType, byte[] bytes, int bits) {
        long mask = 0xffff_ffffL << (32 - bits) & 0xffff_ffffL;
        long address = Integer.toUnsignedLong(ByteBuffer.wrap(bytes).getInt());
        requireNetwork(word, (address & ~mask) == 0, bits);
        return packet -> (etherType == PacketView.NONE
                        ? packet.etherType == PacketView.IPV4 || packet.etherType == PacketView.ARP
                        : packet.etherType == etherType)
                && ((side != Side.DESTINATION && in(packet.source4, mask, address))
                        || (side != Side.SOURCE && in(packet.destination4, mask, address)));
    }

    private static boolean in(long value, long mask, long address) {
        return value != PacketView.NONE && (value & mask) == address;
    }

    private Test of6(Word word, Side side, byte[] bytes, int bits) {
        long high = bits == 0 ? 0 : bits >= 64 ? -1 : -1L << (64 - bits);
        long low = bits <= 64 ? 0 : -1L << (128 - bits);
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        long addressHigh = buffer.getLong();
        long addressLow = buffer.getLong();
        requireNetwork(word, (addressHigh & ~high) == 0 && (addressLow & ~low) == 0, bits);
        return packet -> packet.etherType == PacketView.IPV6
                // Without a protocol, the headers before it are incomplete.
                && packet.protocol != PacketView.NONE
                && ((side != Side.DESTINATION
                                && (packet.source6High & high) == addressHigh
                                && (packet.source6Low & low) == addressLow)
                        || (side != Side.SOURCE
                                && (packet.destination6High & high) == addressHigh
                                && (packet.destination6Low & low) == addressLow));
    }

    private void requireNetwork(Word word, boolean clean, int bits) {
        if (!clean) {
            throw wrong(word, "'" + word.text() + "' has bits set after the first " + bits);
        }
    }

    private byte[] bytes(Word word, String literal, boolean six) {
        try {
            // An IPv4 host address has four numbers, as in pcap.
            boolean complete = six || literal.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}");
            byte[] bytes = six
                    ? Inet6Address.ofLiteral(literal).getAddress()
                    : complete ? Inet4Address.ofLiteral(literal).getAddress() : new byte[0];
            if (bytes.length == (six ? 16 : 4)) {
                return bytes;
            }
        } catch (IllegalArgumentException e) {
            // Reported below.
        }
        throw wrong(word, "'" + literal + "' is not an IP address, and names are not resolved");
    }

    private Test ether() {
        Side side = side();
        boolean host = take("host");
        if (side == Side.EITHER && !host) {
            throw wrong("expected 'host', 'src' or 'dst' after 'ether'");
        }
        Word word = word("a MAC address");
        long mac;
        try {
            mac = MacAddress.parse(word.text());
        } catch (IllegalArgumentException e) {
            throw wrong(word, String.valueOf(e.getMessage()));
        }
        return packet -> (side != Side.DESTINATION && packet.etherSource == mac)
                || (side != Side.SOURCE && packet.etherDestination == mac);
    }

    private Test vlan() {
        if (next < words.size() && words.get(next).text().matches("[0-9].*")) {
            int id = number(words.get(next++), "a VLAN is a number from 0 to 4095", 4095);
            return packet -> packet.vlan == id;
        }
        return packet -> packet.vlan != PacketView.NONE;
    }

    private int number(Word word, String range, int most) {
        if (!word.text().matches("[0-9]{1,9}") || Integer.parseInt(word.text()) > most) {
            throw wrong(word, range + ", not '" + word.text() + "'");
        }
        return Integer.parseInt(word.text());
    }

    private boolean follows(String text) {
        return next < words.size() && words.get(next).text().equals(text);
    }

    private boolean take(String text) {
        if (follows(text)) {
            next++;
            return true;
        }
        return false;
    }

    private Word word(String wanted) {
        if (next == words.size()) {
            throw wrong("expected " + wanted);
        }
        return words.get(next++);
    }

    private IllegalArgumentException wrong(String what) {
        return wrong(next < words.size() ? words.get(next) : null, what);
    }

    private IllegalArgumentException wrong(@Nullable Word at, String what) {
        return new IllegalArgumentException("column " + (at == null ? end : at.column()) + ": " + what);
    }
}
