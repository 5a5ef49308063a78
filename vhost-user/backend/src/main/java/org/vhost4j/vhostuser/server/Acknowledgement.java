// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.sys.PeerProcess;

/**
 * The features that a guest has acknowledged and that its front-end was offered. A restarted back-end reads this record, which is valid as
 * long as the front-end process lives: QEMU sends GET_FEATURES only when it realizes the device, and presents that offer to every later
 * driver of the guest.
 *
 * @param features the virtio features that the driver acknowledged; none before it has acknowledged any
 * @param offered the features that the front-end was offered when it first connected
 * @param process the front-end's process, as far as known
 * @param promise description of the machine and platform that determined the offer, without line ends
 */
record Acknowledgement(FeatureSet features, FeatureSet offered, PeerProcess process, String promise) {
    private static final Pattern TEXT = Pattern.compile("""
            features 0x([0-9a-f]{16})([0-9a-f]{16})
            offered 0x([0-9a-f]{16})([0-9a-f]{16})
            process ([0-9a-f-]{0,64}) ([0-9]{1,18}) ([0-9]{1,9}) ([0-9]{1,18})
            promise (.*)
            """);

    /** Returns the text of the file that stores this record. */
    String text() {
        return """
                features 0x%016x%016x
                offered 0x%016x%016x
                process %s
                promise %s
                """.formatted(
                        features.high(),
                        features.low(),
                        offered.high(),
                        offered.low(),
                        process.boot() + " " + process.namespace() + " " + process.number() + " " + process.startTime(),
                        promise);
    }

    /** Parses the text of a file; returns empty when it is invalid. */
    static Optional<Acknowledgement> parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        PeerProcess process = new PeerProcess(
                matcher.group(5),
                Long.parseLong(matcher.group(6)),
                Integer.parseInt(matcher.group(7)),
                Long.parseLong(matcher.group(8)));
        return Optional.of(new Acknowledgement(word(matcher, 1), word(matcher, 3), process, matcher.group(9)));
    }

    private static FeatureSet word(Matcher matcher, int highGroup) {
        return new FeatureSet(
                Long.parseUnsignedLong(matcher.group(highGroup + 1), 16),
                Long.parseUnsignedLong(matcher.group(highGroup), 16));
    }

    /** Returns whether the front-end that acknowledged the features, and with it the guest, has certainly ended. */
    boolean isOver() {
        return process.ended();
    }
}
