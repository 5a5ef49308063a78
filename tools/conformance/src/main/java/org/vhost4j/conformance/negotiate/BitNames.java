// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.negotiate;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.feature.NearestName;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * The syntax of feature bits on a command line, for each of the two feature words: names, {@code BIT_n}, or numbers that stand for several
 * bits, separated by commas; each with or without a sign.
 */
public enum BitNames {
    /** Virtio features. */
    VIRTIO("feature") {
        @Override
        Optional<Long> bit(String name) {
            try {
                Feature feature = Feature.valueOf(name);
                return feature.fitsWord() ? Optional.of(feature.mask()) : Optional.empty();
            } catch (IllegalArgumentException e) {
                return Optional.empty();
            }
        }

        @Override
        List<String> names(long word) {
            return FeatureSet.ofWord(word).names();
        }
    },
    /** Protocol features. */
    PROTOCOL("protocol feature") {
        @Override
        Optional<Long> bit(String name) {
            try {
                return Optional.of(ProtocolFeature.valueOf(name).mask());
            } catch (IllegalArgumentException e) {
                return Optional.empty();
            }
        }

        @Override
        List<String> names(long word) {
            return ProtocolFeature.names(word);
        }
    };

    private static final String UNKNOWN_BIT = "BIT_";

    private final String what;

    BitNames(String what) {
        this.what = what;
    }

    /** Returns the bit with a name; empty when there is none below bit 64. */
    abstract Optional<Long> bit(String name);

    /** Returns the names of a word's bits in their order. */
    abstract List<String> names(long word);

    /** Formats a word for messages: the number, with the names of the bits in brackets. */
    public String inWords(long word) {
        return "0x" + Long.toHexString(word) + " (" + (word == 0 ? "none" : String.join(" ", names(word))) + ")";
    }

    /** One element of a list: bits that must be offered, or must not. */
    private record Element(char sign, long bits) {}

    /**
     * Parses a word to acknowledge. Elements without a sign form the word; when the first element has a sign, all elements are added to or
     * removed from the offer. {@code offer} and {@code none} are valid too.
     *
     * @param option the name of the option, for messages
     * @param text the text that the user wrote
     * @param offer the word that the back-end offers
     * @return the word
     * @throws UnsupportedOption when a name is unknown
     */
    public long word(String option, String text, long offer) {
        long word = text.startsWith("+") || text.startsWith("-") ? offer : 0;
        for (String each : text.split(",", -1)) {
            Element element = element(option, each, offer);
            word = element.sign() == '-' ? word & ~element.bits() : word | element.bits();
        }
        return word;
    }

    /**
     * Compares an offer with an expectation, in which every element has a sign: {@code +} must be offered, {@code -} must not.
     *
     * @param option the name of the option, for messages
     * @param text the text that the user wrote
     * @param offer the word that the back-end offers
     * @return the differences, in words; empty when there are none
     * @throws UnsupportedOption when a name is unknown or a sign is missing
     */
    public String difference(String option, String text, long offer) {
        long missing = 0;
        long surplus = 0;
        for (String each : text.split(",", -1)) {
            Element element = element(option, each, offer);
            switch (element.sign()) {
                case '+' -> missing |= element.bits() & ~offer;
                case '-' -> surplus |= element.bits() & offer;
                default -> throw new UnsupportedOption(option + ": '" + each + "' needs a sign, + or -");
            }
        }
        return (missing == 0 ? "" : "not offered: " + String.join(" ", names(missing)))
                + (missing == 0 || surplus == 0 ? "" : "; ")
                + (surplus == 0 ? "" : "offered: " + String.join(" ", names(surplus)));
    }

    private Element element(String option, String text, long offer) {
        char sign = text.isEmpty() ? ' ' : text.charAt(0);
        boolean signed = sign == '+' || sign == '-';
        String name = (signed ? text.substring(1) : text).toUpperCase(Locale.ROOT);
        return new Element(signed ? sign : ' ', bits(option, name, offer));
    }

    private long bits(String option, String name, long offer) {
        if (name.equals("OFFER")) {
            return offer;
        }
        if (name.equals("NONE")) {
            return 0;
        }
        try {
            if (name.startsWith("0X")) {
                return Long.parseUnsignedLong(name.substring(2), 16);
            }
            if (name.startsWith(UNKNOWN_BIT)) {
                int bit = Integer.parseInt(name.substring(UNKNOWN_BIT.length()));
                if (bit >= 0 && bit < Long.SIZE) {
                    return 1L << bit;
                }
            }
        } catch (NumberFormatException e) {
            throw unknown(option, name);
        }
        return bit(name).orElseThrow(() -> unknown(option, name));
    }

    private UnsupportedOption unknown(String option, String name) {
        if (this == VIRTIO
                && Stream.of(Feature.values()).anyMatch(each -> each.name().equals(name))) {
            return new UnsupportedOption(option + ": " + name + " is bit "
                    + Feature.valueOf(name).bit() + ", and vhost-user's word has bits 0 to 63");
        }
        String question = NearestName.question(name, names(-1L));
        return new UnsupportedOption(option + ": there is no " + what + " '" + name + "' in a word of 64 bits"
                + (question.isEmpty()
                        ? "; give names of the specification, BIT_0 to BIT_63, or 0x and digits"
                        : question));
    }
}
