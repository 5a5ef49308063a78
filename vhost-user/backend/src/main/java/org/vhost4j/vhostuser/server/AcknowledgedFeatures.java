// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.sys.PeerProcess;

/**
 * One guest's features beyond the life of a connection, and of this process. A guest that runs keeps what it has acknowledged, and what its
 * front-end was offered: after a reset its next driver may acknowledge all of that. A front-end that returns to an offer with less is
 * rejected. Entered by the device's lane.
 */
final class AcknowledgedFeatures {
    private final FeatureSet offered;
    private final String promise;
    private @Nullable AcknowledgementFile file;
    private Optional<Acknowledgement> known;
    private @Nullable PeerProcess process;

    /**
     * What is known of a guest when the back-end starts.
     *
     * @param offered what this start offers
     * @param promise what offers it, in words
     * @param file where it is kept; null when it is not kept beyond this process
     */
    AcknowledgedFeatures(FeatureSet offered, String promise, @Nullable AcknowledgementFile file) {
        this.offered = offered;
        this.promise = promise;
        this.file = file;
        this.known = file == null ? Optional.empty() : file.read();
    }

    /**
     * A front-end has sent its first message. One whose process is not known, or was not known when it left, is taken for the previous one,
     * because a guest that runs on with less than it was offered would lose its network permanently.
     *
     * @param sender its process
     * @return why it has to be rejected, in words, if it has to
     */
    Optional<String> heard(PeerProcess sender) {
        process = sender;
        if (known.isEmpty() || !known.get().process().mayBe(sender)) {
            // Another process, so another guest.
            know(new Acknowledgement(FeatureSet.EMPTY, offered, sender, promise));
            return Optional.empty();
        }
        Acknowledgement before = known.get();
        FeatureSet lacking = before.features().minus(offered);
        if (!lacking.isEmpty()) {
            return Optional.of("its guest has acknowledged " + words(lacking) + ", offered by " + before.promise()
                    + ", and " + promise + " offers less: " + remedy());
        }
        FeatureSet withdrawn = before.offered().minus(offered);
        if (!withdrawn.isEmpty()) {
            return Optional.of("it was offered " + words(withdrawn) + " by " + before.promise()
                    + ", its guest may acknowledge that at its next reset, and " + promise + " offers less: "
                    + remedy());
        }
        if (!sender.known()) {
            // It may be the previous one or another, which was offered what is offered now.
            know(new Acknowledgement(before.features(), before.offered().plus(offered), sender, promise));
        }
        return Optional.empty();
    }

    /** What is known, for another back-end; nothing when nothing is. */
    Optional<Acknowledgement> known() {
        return known;
    }

    /**
     * Continues with what another back-end knew.
     *
     * @return why its guest cannot be taken over, in words, if it cannot
     */
    Optional<String> takeOver(Optional<Acknowledgement> before) {
        known = before;
        process = before.map(Acknowledgement::process).orElse(null);
        FeatureSet lacking = before.map(
                        each -> each.features().plus(each.offered()).minus(offered))
                .orElse(FeatureSet.EMPTY);
        return lacking.isEmpty()
                ? Optional.empty()
                : Optional.of("it was offered " + words(lacking) + ", and " + promise + " offers less");
    }

    /**
     * Keeps what is known in a file from now on, of a socket whose path was not known before.
     *
     * @param kept the file; what it says counts where nothing is known yet
     */
    void keepIn(AcknowledgementFile kept) {
        file = kept;
        if (known.isEmpty()) {
            known = kept.read();
        } else {
            kept.write(known.get());
        }
    }

    private static String words(FeatureSet features) {
        return String.join(" ", features.names()) + " (" + features.hex() + ")";
    }

    private String remedy() {
        return "the front-end was rejected. Start the back-end as before, or end this guest"
                + (file == null ? "" : ". If it is another guest, stop the back-end and remove " + file.path());
    }

    /** The driver's features are final. */
    void keep(FeatureSet features) {
        PeerProcess sender = process;
        if (sender != null) {
            know(new Acknowledgement(
                    features, known.map(Acknowledgement::offered).orElse(offered), sender, promise));
        }
    }

    private void know(Acknowledgement now) {
        if (!known.equals(Optional.of(now))) {
            known = Optional.of(now);
            if (file != null) {
                file.write(now);
            }
        }
    }

    /** The back-end ends: a guest that is gone, or never was, needs no file. Returns whether it is so. */
    boolean close() {
        boolean over = known.isEmpty() || known.get().isOver();
        if (over) {
            forget();
        }
        return over;
    }

    /** The guest was removed. */
    void forget() {
        if (known.isPresent()) {
            known = Optional.empty();
            if (file != null) {
                file.remove();
            }
        }
    }
}
