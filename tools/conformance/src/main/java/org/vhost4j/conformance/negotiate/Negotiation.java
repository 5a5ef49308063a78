// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.negotiate;

import org.jspecify.annotations.Nullable;
import org.vhost4j.conformance.LoopMode;
import org.vhost4j.device.driver.DeviceViolationException;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** One negotiation on a new connection, in QEMU's order, that acknowledges exactly the given bits. */
public final class Negotiation {
    private static final int ACKNOWLEDGE_DRIVER = 3;
    private static final int FEATURES_OK = 8;

    private final FrontEnd frontEnd;
    private final long offeredFeatures;
    private final long offeredProtocol;
    private long seed = 1;
    private String step = "";

    /**
     * Requests the virtio features and protocol features that the back-end offers.
     *
     * @param frontEnd a new connection, which remains owned by the caller
     */
    public Negotiation(FrontEnd frontEnd) {
        this.frontEnd = frontEnd;
        this.offeredFeatures = frontEnd.getFeatures();
        this.offeredProtocol = Feature.PROTOCOL_FEATURES.in(offeredFeatures) ? frontEnd.getProtocolFeatures() : 0;
    }

    /**
     * Sets the seed of the frames' contents; the default is 1.
     *
     * @param value any number
     * @return this
     */
    public Negotiation seed(long value) {
        seed = value;
        return this;
    }

    /** Returns the virtio feature bits that were offered before any were acknowledged. */
    public long offeredFeatures() {
        return offeredFeatures;
    }

    /** Returns the protocol feature bits that were offered; 0 without PROTOCOL_FEATURES. */
    public long offeredProtocol() {
        return offeredProtocol;
    }

    /** Acknowledges CONFIG where it is offered, and returns the virtio feature bits that are offered then. */
    public long offeredWithConfig() {
        if (!ProtocolFeature.CONFIG.in(offeredProtocol)) {
            return offeredFeatures;
        }
        frontEnd.setProtocolFeatures(ProtocolFeature.CONFIG.mask());
        return frontEnd.getFeatures();
    }

    /**
     * Acknowledges the given virtio features and protocol features, and then sends frames if the back-end returns frames.
     *
     * @param combination the feature bits to acknowledge
     * @param loop how the back-end returns frames; NONE to send none, null to detect it
     * @return the result of the negotiation
     */
    public Attempt acknowledge(Combination combination, @Nullable LoopMode loop) {
        boolean lawful = combination.isLawful(offeredFeatures, offeredProtocol);
        int frames = 0;
        try {
            if (Feature.PROTOCOL_FEATURES.in(offeredFeatures)) {
                step = "SET_PROTOCOL_FEATURES";
                frontEnd.setProtocolFeatures(combination.protocol());
                step = "GET_FEATURES";
                // A back-end may leave features to a front-end that does not use its config space.
                lawful &= combination.isLawful(frontEnd.getFeatures(), offeredProtocol);
            }
            step = "SET_OWNER";
            frontEnd.setOwner();
            if (!featuresAreKept(combination)) {
                return new Attempt(combination, lawful, Outcome.REFUSED, "the back-end cleared FEATURES_OK", 0);
            }
            if (loop != LoopMode.NONE && combination.carriesFrames()) {
                step = "frames";
                frames = new FrameLoop(frontEnd, loop, seed).run();
            }
            return new Attempt(combination, lawful, Outcome.ACCEPTED, "", frames);
        } catch (FrontEndException.Refused e) {
            return new Attempt(combination, lawful, Outcome.REFUSED, String.valueOf(e.getMessage()), 0);
        } catch (FrontEndException.Closed e) {
            return new Attempt(
                    combination,
                    lawful,
                    lawful ? Outcome.BROKEN : Outcome.REFUSED,
                    "the back-end closed the connection at " + step,
                    0);
        } catch (FrontEndException | DeviceViolationException e) {
            return new Attempt(combination, lawful, Outcome.BROKEN, step + ": " + e.getMessage(), 0);
        }
    }

    private boolean featuresAreKept(Combination combination) {
        boolean status = ProtocolFeature.STATUS.in(frontEnd.protocolFeatures());
        if (status) {
            step = "SET_STATUS";
            frontEnd.setStatus(ACKNOWLEDGE_DRIVER);
        }
        step = "SET_FEATURES";
        if (combination.high() == 0) {
            frontEnd.setFeatures(combination.features());
        } else {
            frontEnd.setFeatures(combination.features(), combination.high());
        }
        boolean kept = true;
        if (status) {
            step = "SET_STATUS with FEATURES_OK";
            frontEnd.setStatus(ACKNOWLEDGE_DRIVER | FEATURES_OK);
            kept = (frontEnd.getStatus() & FEATURES_OK) != 0;
        }
        step = "GET_FEATURES after SET_FEATURES";
        frontEnd.barrier();
        return kept;
    }
}
