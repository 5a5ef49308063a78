// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import org.vhost4j.device.feature.FeatureSet;

/**
 * The guest ABI: all properties of a device that its guest sees and that must not change in a migration. Guests can migrate between devices
 * with the same ABI.
 *
 * @param features feature bits that the guest is offered
 * @param queuePairs number of queue pairs of the device, 1 to 32768
 * @param queueSize maximum number of entries of a queue, 1 to 32768
 * @param mtu the MTU in the config space, 0 for none
 * @param configBytes length of the config space in bytes
 * @param speed speed in the config space in Mbit/s, 0 for none
 */
public record GuestAbi(FeatureSet features, int queuePairs, int queueSize, int mtu, int configBytes, int speed) {
    private static final Pattern FORM = Pattern.compile(
            "vnet1-([0-9a-f]{1,32})-q([0-9]{1,5})-s([0-9]{1,5})-m([0-9]{1,5})-c([0-9]{1,5})(?:-v([1-9][0-9]{0,9}))?-([0-9a-f]{8})");

    /**
     * Creates an ABI without a speed.
     *
     * @param features feature bits that the guest is offered
     * @param queuePairs number of queue pairs of the device, 1 to 32768
     * @param queueSize maximum number of entries of a queue, 1 to 32768
     * @param mtu the MTU in the config space, 0 for none
     * @param configBytes length of the config space in bytes
     */
    public GuestAbi(FeatureSet features, int queuePairs, int queueSize, int mtu, int configBytes) {
        this(features, queuePairs, queueSize, mtu, configBytes, 0);
    }

    /**
     * Returns the ABI as one word, which is the same on every host and for every version of the program. It contains the values, so two
     * fingerprints show how two ABIs differ, and a checksum to detect typing errors. It is short enough for a command line.
     *
     * @return a word such as {@code vnet1-1c00138bfbba7-q1-s1024-m0-c12-5d0c1a2b}
     */
    public String fingerprint() {
        String body = body();
        return body + "-" + checksum(body);
    }

    /**
     * Parses a fingerprint.
     *
     * @param fingerprint word that {@link #fingerprint()} returned
     * @return the ABI
     * @throws IllegalArgumentException when it is invalid or misspelt; the message is one sentence for the user
     */
    public static GuestAbi parse(String fingerprint) {
        Matcher matcher = FORM.matcher(fingerprint);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "'" + fingerprint
                            + "' is not an ABI fingerprint, which looks like vnet1-FEATURES-qPAIRS-sSIZE-mMTU-cBYTES-CHECKSUM.");
        }
        String digits = "0".repeat(32 - matcher.group(1).length()) + matcher.group(1);
        GuestAbi abi = new GuestAbi(
                new FeatureSet(
                        Long.parseUnsignedLong(digits.substring(16), 16),
                        Long.parseUnsignedLong(digits.substring(0, 16), 16)),
                Integer.parseInt(matcher.group(2)),
                Integer.parseInt(matcher.group(3)),
                Integer.parseInt(matcher.group(4)),
                Integer.parseInt(matcher.group(5)),
                matcher.group(6) == null ? 0 : Integer.parseInt(matcher.group(6)));
        if (!abi.fingerprint().equals(fingerprint)) {
            throw new IllegalArgumentException(
                    "'" + fingerprint + "' is misspelt: its checksum should be " + checksum(abi.body()) + ".");
        }
        return abi;
    }

    /**
     * Returns the differences of another ABI from this one.
     *
     * @param actual the other ABI
     * @return one clause for each difference; empty when the ABIs are equal
     */
    public List<String> differences(GuestAbi actual) {
        List<String> differences = new ArrayList<>();
        FeatureSet gone = features.minus(actual.features);
        FeatureSet more = actual.features.minus(features);
        if (!gone.isEmpty()) {
            differences.add("expected and not offered: " + String.join(", ", gone.names()));
        }
        if (!more.isEmpty()) {
            differences.add("offered and not expected: " + String.join(", ", more.names()));
        }
        compare(differences, "queue pairs", queuePairs, actual.queuePairs);
        compare(differences, "entries in a queue", queueSize, actual.queueSize);
        compare(differences, "MTU", mtu, actual.mtu);
        compare(differences, "bytes of config space", configBytes, actual.configBytes);
        compare(differences, "Mbit/s", speed, actual.speed);
        return differences;
    }

    private static void compare(List<String> differences, String what, int expected, int actual) {
        if (expected != actual) {
            differences.add(what + ": expected " + expected + ", is " + actual);
        }
    }

    private String body() {
        return "vnet1-" + features.hex().substring(2) + "-q" + queuePairs + "-s" + queueSize + "-m" + mtu + "-c"
                + configBytes + (speed == 0 ? "" : "-v" + speed);
    }

    private static String checksum(String body) {
        CRC32 crc = new CRC32();
        crc.update(body.getBytes(StandardCharsets.US_ASCII));
        return String.format(Locale.ROOT, "%08x", crc.getValue());
    }
}
