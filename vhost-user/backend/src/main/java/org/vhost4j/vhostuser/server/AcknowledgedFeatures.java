// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.sys.PeerProcess;

/**
 * Stores the features of one guest beyond the end of a connection, and of this process. A running guest keeps the
 * features that it has acknowledged and those that its front-end was offered, because its next driver may acknowledge
 * all of these after a reset. A front-end that returns while fewer features are offered is rejected. Entered by the
 * device's lane.
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
     * @param offered features that this start of the back-end offers
     * @param promise description of the machine and platform that determine the offer
     * @param file file of the record; null when it is not kept beyond this process
     */
    AcknowledgedFeatures(FeatureSet offered, String promise, @Nullable AcknowledgementFile file) {
        this.offered = offered;
        this.promise = promise;
        this.file = file;
        this.known = file == null ? Optional.empty() : file.read();
    }

    /**
     * Records that a front-end has sent its first message. A front-end whose process is unknown, or was unknown when it
     * left, is treated as the previous one, because a guest that continues with fewer features than it was offered
     * would lose its network permanently.
     *
     * @param sender the front-end's process
     * @return the reason for rejecting the front-end; empty when it is accepted
     */
    Optional<String> heard(PeerProcess sender) {
        process = sender;
        if (known.isEmpty() || !known.get().process().mayBe(sender)) {
            // Another process means another guest.
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
            // It may be the previous process, or another one, which gets the present offer.
            know(new Acknowledgement(before.features(), before.offered().plus(offered), sender, promise));
        }
        return Optional.empty();
    }

    /** Returns the record for another back-end; empty when there is none. */
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
     * Stores the record in a file from now on, for a socket whose path was not known before.
     *
     * @param kept the file; its contents are used as far as nothing is known yet
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

    /** Stores the driver's final features. */
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
