// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.Offer;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * One requirement that a back-end has to fulfil, with the code that checks it.
 *
 * @param name the unique name, such as {@code ring.kick-starts}: group and requirement, joined by a dot
 * @param says the requirement of the specification, in one sentence
 * @param section the section of the specification, such as {@code virtio 1.4, 2.7.7.2}
 * @param features virtio features that the back-end must offer for the case to run
 * @param protocol protocol features that the back-end must offer for the case to run
 * @param loop whether the back-end has to return frames
 * @param packed whether the queues are packed
 * @param body the code that checks the requirement
 */
public record Case(
        String name,
        String says,
        String section,
        Set<Feature> features,
        Set<ProtocolFeature> protocol,
        boolean loop,
        boolean packed,
        Body body) {
    /** The code of a case. It returns normally if the back-end behaved as required. */
    @FunctionalInterface
    public interface Body {
        /**
         * Runs the case.
         *
         * @param context connections to the back-end, and a place for evidence
         * @throws Violation when the back-end did not behave as required
         */
        void run(CaseContext context);
    }

    /**
     * Creates a case without prerequisites.
     *
     * @param name the unique name
     * @param section the section of the specification
     * @param says the requirement, in one sentence
     * @param body the code that checks the requirement
     * @return the case
     */
    public static Case of(String name, String section, String says, Body body) {
        return new Case(name, says, section, Set.of(), Set.of(), false, false, body);
    }

    /**
     * Returns this case with further virtio features as prerequisites.
     *
     * @param more virtio features that must be offered too
     * @return a copy
     */
    public Case needs(Feature... more) {
        EnumSet<Feature> all = EnumSet.noneOf(Feature.class);
        all.addAll(features);
        all.addAll(List.of(more));
        return new Case(name, says, section, all, protocol, loop, packed, body);
    }

    /**
     * Returns this case with further protocol features as prerequisites.
     *
     * @param more protocol features that must be offered too
     * @return a copy
     */
    public Case needs(ProtocolFeature... more) {
        EnumSet<ProtocolFeature> all = EnumSet.noneOf(ProtocolFeature.class);
        all.addAll(protocol);
        all.addAll(List.of(more));
        return new Case(name, says, section, features, all, loop, packed, body).needs(Feature.PROTOCOL_FEATURES);
    }

    /**
     * Returns this case with the prerequisite that the back-end returns frames.
     *
     * @return a copy
     */
    public Case loops() {
        return new Case(name, says, section, features, protocol, true, packed, body);
    }

    /** Returns the names of the features that the case needs and the back-end does not offer. */
    List<String> missing(Offer offer) {
        List<String> names = new ArrayList<>();
        for (Feature feature : features) {
            if (!offer.has(feature)) {
                names.add(feature.name());
            }
        }
        for (ProtocolFeature feature : protocol) {
            if (!offer.has(feature)) {
                names.add("PROTOCOL_F_" + feature.name());
            }
        }
        return names;
    }

    /**
     * Returns this case for packed queues.
     *
     * @return a copy whose name ends with {@code .packed}
     */
    public Case onPacked() {
        return new Case(name + ".packed", says, section, features, protocol, loop, true, body)
                .needs(Feature.RING_PACKED, Feature.VERSION_1);
    }

    /**
     * Returns each case for split and for packed queues.
     *
     * @param cases the cases for split queues
     * @return each case, followed by its variant for packed queues
     */
    public static List<Case> onBoth(Case... cases) {
        return Stream.of(cases)
                .flatMap(each -> Stream.of(each, each.onPacked()))
                .toList();
    }
}
