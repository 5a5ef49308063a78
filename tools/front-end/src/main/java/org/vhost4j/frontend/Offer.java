// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.vhostuser.wire.Dependencies;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * The features and limits that a back-end offers on a new connection.
 *
 * @param features the virtio feature bits that GET_FEATURES returns before anything was acknowledged
 * @param featuresWithConfig the virtio feature bits after CONFIG was acknowledged, when that was possible: a back-end may leave some
 *     features to a front-end that does not use its config space
 * @param protocolFeatures the protocol feature bits; empty without PROTOCOL_FEATURES
 * @param queues the answer to GET_QUEUE_NUM: queue pairs, or virtqueues, as the back-end counts
 * @param memorySlots the answer to GET_MAX_MEM_SLOTS
 * @param status the answer to GET_STATUS: virtio device status bits
 * @param config the beginning of the config space: the specification's fields, as far as the back-end returned them
 * @param troubles the requests that were not answered correctly, one sentence each
 */
public record Offer(
        FeatureSet features,
        Optional<FeatureSet> featuresWithConfig,
        OptionalLong protocolFeatures,
        OptionalLong queues,
        OptionalLong memorySlots,
        OptionalLong status,
        Optional<byte[]> config,
        List<String> troubles) {
    /** The protocol features that must be acknowledged so that the front-end may request more than the two feature words. */
    private static final long QUESTIONS = ProtocolFeature.word(List.of(
            ProtocolFeature.MQ, ProtocolFeature.CONFIG, ProtocolFeature.CONFIGURE_MEM_SLOTS, ProtocolFeature.STATUS));

    /** Copies the list. */
    public Offer {
        troubles = List.copyOf(troubles);
    }

    /**
     * Requests the offer of a back-end. Only the protocol features that these requests need are acknowledged, and nothing is set up.
     *
     * @param frontEnd a new connection, which remains owned by the caller
     * @return the offer
     * @throws FrontEndException when not even the feature words could be read
     */
    public static Offer ask(FrontEnd frontEnd) {
        FeatureSet features = FeatureSet.ofWord(frontEnd.getFeatures());
        if (!features.has(Feature.PROTOCOL_FEATURES)) {
            return new Offer(
                    features,
                    Optional.empty(),
                    OptionalLong.empty(),
                    OptionalLong.empty(),
                    OptionalLong.empty(),
                    OptionalLong.empty(),
                    Optional.empty(),
                    List.of());
        }
        long protocol = frontEnd.getProtocolFeatures();
        Questions questions = new Questions();
        if ((protocol & QUESTIONS) != 0) {
            frontEnd.setProtocolFeatures(protocol & QUESTIONS);
        }
        OptionalLong queues = questions.number(protocol, ProtocolFeature.MQ, "GET_QUEUE_NUM", frontEnd::getQueueNum);
        OptionalLong slots = questions.number(
                protocol, ProtocolFeature.CONFIGURE_MEM_SLOTS, "GET_MAX_MEM_SLOTS", frontEnd::getMaxMemSlots);
        OptionalLong status = questions.number(protocol, ProtocolFeature.STATUS, "GET_STATUS", frontEnd::getStatus);
        Optional<FeatureSet> withConfig = questions
                .ask(protocol, ProtocolFeature.CONFIG, "GET_FEATURES after CONFIG", frontEnd::getFeatures)
                .map(FeatureSet::ofWord);
        Optional<byte[]> config = questions
                .ask(protocol, ProtocolFeature.CONFIG, "GET_CONFIG", () -> config(frontEnd, features))
                .filter(bytes -> bytes.length > 0);
        if (ProtocolFeature.CONFIG.in(protocol) && !questions.lost && config.isEmpty()) {
            questions.troubles.add("GET_CONFIG was refused for every size");
        }
        return new Offer(
                features, withConfig, OptionalLong.of(protocol), queues, slots, status, config, questions.troubles);
    }

    /** Reads as many bytes from the start of the config space as the back-end returns. A back-end refuses reads beyond its end. */
    private static byte[] config(FrontEnd frontEnd, FeatureSet features) {
        List<ConfigField> fields = List.of(ConfigField.values());
        int most = features.has(Feature.HASH_TUNNEL) ? fields.size() : fields.size() - 1;
        for (ConfigField last : fields.subList(0, most).reversed()) {
            byte[] bytes = frontEnd.getConfig(0, last.end());
            if (bytes.length > 0) {
                return bytes;
            }
        }
        return new byte[0];
    }

    /** Sends one request after the other, until the connection is lost or an answer is missing. */
    private static final class Questions {
        private final List<String> troubles = new ArrayList<>();
        private boolean lost;

        private <T> Optional<T> ask(long protocol, ProtocolFeature feature, String what, Supplier<T> question) {
            if (lost || !feature.in(protocol)) {
                return Optional.empty();
            }
            try {
                return Optional.of(question.get());
            } catch (FrontEndException e) {
                lost = e instanceof FrontEndException.Closed || e instanceof FrontEndException.TimedOut;
                troubles.add(what + ": " + e.getMessage() + (lost ? "; no further requests were sent" : ""));
                return Optional.empty();
            }
        }

        private OptionalLong number(long protocol, ProtocolFeature feature, String what, Supplier<Long> question) {
            return ask(protocol, feature, what, question).map(OptionalLong::of).orElseGet(OptionalLong::empty);
        }
    }

    /**
     * Returns the virtio features of a device that uses the back-end's own config space and control queue.
     *
     * @return {@link #featuresWithConfig}, or {@link #features} when they are the same
     */
    public FeatureSet deviceFeatures() {
        return featuresWithConfig.orElse(features);
    }

    /**
     * Returns whether a virtio feature is offered.
     *
     * @param feature the feature
     * @return true when its bit is set
     */
    public boolean has(Feature feature) {
        return features.has(feature);
    }

    /**
     * Returns whether a protocol feature is offered.
     *
     * @param feature the feature
     * @return true when its bit is set
     */
    public boolean has(ProtocolFeature feature) {
        return feature.in(protocolWord());
    }

    /**
     * Returns the protocol feature word.
     *
     * @return the bits; 0 without PROTOCOL_FEATURES
     */
    public long protocolWord() {
        return protocolFeatures.orElse(0);
    }

    /**
     * Returns the names of the protocol features.
     *
     * @return the names in the order of the bits; a bit without a meaning is {@code BIT_n}
     */
    public List<String> protocolNames() {
        return ProtocolFeature.names(protocolWord());
    }

    /**
     * Returns the feature dependencies that this offer violates, within and across the two words.
     *
     * @return one sentence for each; empty when the offer is consistent
     */
    public List<String> violations() {
        List<String> broken = new ArrayList<>(features.violations());
        broken.addAll(Dependencies.violations(features, ProtocolFeature.of(protocolWord())));
        return broken;
    }

    /**
     * Returns remarks on the consequences of the offer for drivers and front-ends, other than violated dependencies.
     *
     * @return one sentence for each; empty when there are none
     */
    public List<String> remarks() {
        List<String> remarks = new ArrayList<>();
        if (!features.has(Feature.VERSION_1)) {
            remarks.add("without VERSION_1 only legacy and transitional drivers can use the device");
        }
        if (protocolFeatures.isEmpty()) {
            remarks.add("without PROTOCOL_FEATURES rings cannot be disabled and nothing is acknowledged");
            return remarks;
        }
        for (ProtocolFeature feature : List.of(ProtocolFeature.INBAND_NOTIFICATIONS, ProtocolFeature.XEN_MMAP)) {
            if (has(feature)) {
                remarks.add("QEMU acknowledges protocol feature " + feature + ", which it does not implement");
            }
        }
        if (has(ProtocolFeature.GPA_ADDRESSES)) {
            remarks.add(
                    "protocol bit 21 is GPA_ADDRESSES to QEMU 11.1 and newer, and shared memory regions to rust-vmm");
        }
        if (!(has(ProtocolFeature.LOG_SHMFD) && features.has(Feature.LOG_ALL))) {
            remarks.add("without LOG_ALL and protocol feature LOG_SHMFD QEMU does not migrate the guest");
        }
        return remarks;
    }
}
