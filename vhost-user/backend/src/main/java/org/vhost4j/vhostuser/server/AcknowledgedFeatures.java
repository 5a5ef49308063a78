// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.sys.PeerProcess;

/**
 * Keeps the record of one guest's features when its connection or this process ends. It contains the features that the driver has
 * acknowledged and those that the front-end was offered: after a reset the next driver may acknowledge all of the offered ones. A front-end
 * that connects again is rejected if fewer features are offered now. Used by the device's lane.
 */
final class AcknowledgedFeatures {
    private final FeatureSet offered;
    private final String promise;
    private @Nullable AcknowledgementFile file;
    private Optional<Acknowledgement> known;
    private @Nullable PeerProcess process;

    /**
     * Creates the record of a guest when the back-end starts.
     *
     * @param offered features that this back-end offers
     * @param promise description of the machine and platform that determine the offer
     * @param file file of the record; null when the record ends with this process
     */
    AcknowledgedFeatures(FeatureSet offered, String promise, @Nullable AcknowledgementFile file) {
        this.offered = offered;
        this.promise = promise;
        this.file = file;
        this.known = file == null ? Optional.empty() : file.read();
    }

    /**
     * Records that a front-end has sent its first message. If its process is unknown, or the previous one's was, it is treated as the
     * previous front-end: a guest that continued with fewer features than it was offered would lose its network permanently.
     *
     * @param sender the front-end's process
     * @return the reason for rejecting the front-end; empty when it is accepted
     */
    Optional<String> admit(PeerProcess sender) {
        process = sender;
        if (known.isEmpty() || !known.get().process().mayBe(sender)) {
            // Another process is another guest.
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
            // It may be the previous process, or another one, which gets the current offer.
            know(new Acknowledgement(before.features(), before.offered().plus(offered), sender, promise));
        }
        return Optional.empty();
    }

    /** Returns the record, which may be handed over to another back-end; empty when there is none. */
    Optional<Acknowledgement> known() {
        return known;
    }

    /**
     * Takes over the record of another back-end.
     *
     * @return the reason why its guest cannot be taken over; empty when it can
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
     * Stores the record in a file from now on. Called for a socket whose path was not known before.
     *
     * @param kept the file; its contents are used unless there is a record already
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

    /** Stores the features that the driver has acknowledged. */
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

    /**
     * Closes the record because the back-end ends, and removes the file if the guest has ended or never connected.
     * Returns whether the guest has ended or never connected.
     */
    boolean close() {
        boolean over = known.isEmpty() || known.get().isOver();
        if (over) {
            forget();
        }
        return over;
    }

    /** Removes the record because the guest was removed. */
    void forget() {
        if (known.isPresent()) {
            known = Optional.empty();
            if (file != null) {
                file.remove();
            }
        }
    }
}
