// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import java.util.List;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

/** The negotiation of virtio features and protocol features, with the offered and the acknowledged bits of both. */
final class Negotiation {
    /**
     * Feature bits that concern only front-end and back-end; the driver does not see them. They may change while rings run, and are not
     * part of the promise to a guest.
     */
    static final FeatureSet NOT_THE_DRIVERS = FeatureSet.of(Feature.PROTOCOL_FEATURES, Feature.LOG_ALL);

    private final FeatureSet always;
    private final FeatureSet untilConfig;
    private final long offeredProtocol;
    private boolean acknowledged;
    private FeatureSet features = FeatureSet.EMPTY;
    private long protocol;

    Negotiation(SessionOptions options) {
        List<String> violations = options.violations();
        if (!violations.isEmpty()) {
            throw new IllegalArgumentException("features cannot be offered: " + String.join("; ", violations));
        }
        always = options.features().plus(FeatureSet.of(Feature.PROTOCOL_FEATURES));
        untilConfig = always.plus(options.leftToFrontEnd());
        offeredProtocol = ProtocolFeature.word(options.protocolFeatures());
    }

    /**
     * Returns the offered features. Those that are left to the front-end are included until it acknowledges CONFIG: such a front-end has no
     * properties for them.
     */
    FeatureSet offered() {
        return has(ProtocolFeature.CONFIG) ? always : untilConfig;
    }

    long offeredProtocol() {
        return offeredProtocol;
    }

    /** Returns whether SET_FEATURES has arrived since the session began or the device was reset. */
    boolean acknowledged() {
        return acknowledged;
    }

    /** Returns the acknowledged features, including PROTOCOL_FEATURES. */
    FeatureSet features() {
        return features;
    }

    long protocol() {
        return protocol;
    }

    boolean has(ProtocolFeature feature) {
        return feature.in(protocol);
    }

    /** Refuses a request that requires a feature or protocol feature that was not acknowledged. */
    void require(Request request) throws ProtocolException {
        ProtocolFeature needed = request.protocolFeature().orElse(null);
        if (needed != null && !has(needed)) {
            throw new ProtocolException(
                    request.name(),
                    "it needs protocol feature " + needed,
                    needed.in(offeredProtocol) ? "which was not acknowledged" : "which was never offered");
        }
        Feature feature = request.feature().orElse(null);
        // QEMU sends the log before it acknowledges LOG_ALL.
        FeatureSet has = feature == Feature.LOG_ALL ? offered() : features;
        if (feature != null && !has.has(feature)) {
            throw new ProtocolException(
                    request.name(),
                    "it needs feature " + feature,
                    offered().has(feature) ? "which was not acknowledged" : "which was never offered");
        }
    }

    /**
     * Executes SET_FEATURES. While a ring is started, only two bits may change: PROTOCOL_FEATURES, which has no meaning for the rings, and
     * LOG_ALL, which a migration switches.
     */
    void acknowledge(FeatureSet word, boolean ringsStarted) throws ProtocolException {
        FeatureSet surplus = word.minus(offered());
        if (!surplus.isEmpty()) {
            throw new ProtocolException(
                    Request.SET_FEATURES.name(),
                    surplus + " (" + surplus.hex() + ")",
                    "only offered features may be acknowledged");
        }
        FeatureSet changed = word.minus(features).plus(features.minus(word)).minus(NOT_THE_DRIVERS);
        if (ringsStarted && !changed.isEmpty()) {
            throw new ProtocolException(
                    Request.SET_FEATURES.name(),
                    changed + " changed while a ring is started",
                    "all rings must be stopped first");
        }
        features = word;
        acknowledged = true;
    }

    /** Executes SET_PROTOCOL_FEATURES. */
    void acknowledgeProtocol(long word, boolean ringsStarted) throws ProtocolException {
        long surplus = word & ~offeredProtocol;
        if (surplus != 0) {
            throw new ProtocolException(
                    Request.SET_PROTOCOL_FEATURES.name(),
                    "%s (0x%x)".formatted(String.join(" ", ProtocolFeature.names(surplus)), surplus),
                    "only offered features may be acknowledged");
        }
        if (ringsStarted && word != protocol) {
            throw new ProtocolException(
                    Request.SET_PROTOCOL_FEATURES.name(),
                    String.join(" ", ProtocolFeature.names(word ^ protocol)) + " changed while a ring is started",
                    "all rings must be stopped first");
        }
        protocol = word;
    }

    /** Restores the features that were acknowledged in a session of another process. Fails when not all of them are offered here. */
    void restore(SessionState state) throws ProtocolException {
        acknowledgeProtocol(state.protocol(), false);
        if (state.acknowledged()) {
            acknowledge(FeatureSet.ofWord(state.features()), false);
        }
    }

    /** Executes RESET_DEVICE: the driver negotiates again. The protocol features stay. */
    void reset() {
        acknowledged = false;
        features = FeatureSet.EMPTY;
    }
}
