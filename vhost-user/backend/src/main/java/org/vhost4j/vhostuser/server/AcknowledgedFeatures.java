// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.PeerProcess;

/**
 * One guest's acknowledged features beyond the life of a connection, and of this process. A guest that runs cannot be taken back
 * what it has acknowledged: a front-end that returns with such a guest to an offer with less is turned away. Entered by the
 * device's lane.
 */
final class AcknowledgedFeatures {
    private final FeatureSet offered;
    private final String promise;
    private final @Nullable AcknowledgementFile file;
    private Optional<Acknowledgement> known;
    private Optional<PeerProcess> process = Optional.empty();

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
     * A front-end has connected.
     *
     * @param socket its connection
     * @return why it has to be turned away, in words, if it has to
     */
    Optional<String> connected(Fd socket) {
        process = PeerProcess.of(socket);
        if (known.isEmpty()) {
            return Optional.empty();
        }
        Acknowledgement before = known.get();
        if (!before.process().equals(process)) {
            // Another process, so another guest.
            forget();
            return Optional.empty();
        }
        FeatureSet lacking = before.features().minus(offered);
        if (lacking.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of("its guest has acknowledged " + String.join(" ", lacking.names()) + " (" + lacking.hex()
                + "), offered by " + before.promise() + ", and " + promise
                + " offers less: the front-end was turned away. Start the back-end as before, or end this guest"
                + (file == null || process.isPresent() ? "" : " and remove " + file.path()));
    }

    /** The driver's features are settled. */
    void keep(FeatureSet features) {
        Acknowledgement now = new Acknowledgement(features, process, promise);
        if (!known.equals(Optional.of(now))) {
            known = Optional.of(now);
            if (file != null) {
                file.write(now);
            }
        }
    }

    /** The back-end ends: a guest that is gone needs no file. */
    void close() {
        if (known.filter(Acknowledgement::isOver).isPresent()) {
            forget();
        }
    }

    private void forget() {
        known = Optional.empty();
        if (file != null) {
            file.remove();
        }
    }
}
