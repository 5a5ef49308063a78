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
 * One thing that a back-end has to do.
 *
 * @param name unique, such as {@code ring.kick-starts}: the group and the point, joined by a dot
 * @param says what the specification wants of a back-end, in one sentence
 * @param section where it wants it, such as {@code virtio 1.4, 2.7.7.2}
 * @param features virtio features that must be offered
 * @param protocol protocol features that must be offered
 * @param loop whether the back-end has to return frames
 * @param packed whether the queues are packed
 * @param body what is done
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
    /** What a case does. It returns normally if the back-end behaved as required. */
    @FunctionalInterface
    public interface Body {
        /**
         * Runs the case.
         *
         * @param context the back-end, and a place for evidence
         * @throws Violation when the back-end did something else
         */
        void run(CaseContext context);
    }

    /**
     * A case that needs nothing.
     *
     * @param name unique
     * @param section where the specification says it
     * @param says what it says, in one sentence
     * @param body what is done
     * @return the case
     */
    public static Case of(String name, String section, String says, Body body) {
        return new Case(name, says, section, Set.of(), Set.of(), false, false, body);
    }

    /**
     * The same for a back-end with certain features.
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
     * The same for a back-end with certain protocol features.
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
     * The same for a back-end that returns frames.
     *
     * @return a copy
     */
    public Case loops() {
        return new Case(name, says, section, features, protocol, true, packed, body);
    }

    /** What the case needs and a back-end does not offer: names of features. */
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
     * The same case on packed queues.
     *
     * @return a copy whose name ends with {@code .packed}
     */
    public Case onPacked() {
        return new Case(name + ".packed", says, section, features, protocol, loop, true, body)
                .needs(Feature.RING_PACKED, Feature.VERSION_1);
    }

    /**
     * Cases, each on each kind of queue.
     *
     * @param cases for split queues
     * @return each followed by its packed one
     */
    public static List<Case> onBoth(Case... cases) {
        return Stream.of(cases)
                .flatMap(each -> Stream.of(each, each.onPacked()))
                .toList();
    }
}
