// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vhost4j.device.bridge.PortVlan;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.handover.StateWriter;

/**
 * The promises of a back-end to its guests, its front-ends and the network. A back-end that takes over must keep them.
 *
 * @param words description of the machine and platform that determine the features; empty for none
 * @param abi fingerprint of the properties that guests see; empty for none
 * @param offered the offered features, including those that are left to front-ends
 * @param queuePairs number of queue pairs of each guest
 * @param switching the switching of frames
 * @param sockets sockets to which front-ends connect
 * @param ports names of the uplinks
 */
record Promise(
        String words,
        String abi,
        FeatureSet offered,
        int queuePairs,
        String switching,
        List<String> sockets,
        List<String> ports) {
    private static final int MOST_SOCKETS = 1 << 16;
    private static final int MOST_PORTS = 1 << 10;

    /** Returns the promises of a configuration. */
    static Promise of(BackendConfig config) {
        return new Promise(
                config.promise().orElse(""),
                config.view().map(GuestView::fingerprint).orElse(""),
                config.offered().plus(config.leftToFrontEnd()),
                config.queuePairs(),
                config.switching().getClass().getSimpleName(),
                config.endpoints().stream().map(Promise::socket).toList(),
                config.switching() instanceof Switching.Bridged bridged
                        ? bridged.uplinks().stream().map(Promise::port).toList()
                        : List.of());
    }

    private static String port(Uplink uplink) {
        return uplink.name() + vlan(uplink.vlan());
    }

    private static String vlan(PortVlan vlan) {
        return vlan.equals(PortVlan.ALL) ? "" : "," + vlan;
    }

    private static String socket(Endpoint endpoint) {
        return endpoint + (endpoint.connect() ? " (server=off)" : "") + vlan(endpoint.vlan());
    }

    void save(StateWriter to) {
        to.text(words)
                .text(abi)
                .word(offered.high())
                .word(offered.low())
                .number(queuePairs)
                .text(switching)
                .number(sockets.size());
        sockets.forEach(to::text);
        to.number(ports.size());
        ports.forEach(to::text);
    }

    static Promise load(StateReader from) throws HandOverException {
        return new Promise(
                from.text(),
                from.text(),
                features(from),
                from.number(),
                from.text(),
                texts(from, MOST_SOCKETS),
                texts(from, MOST_PORTS));
    }

    private static FeatureSet features(StateReader from) throws HandOverException {
        long high = from.word();
        return new FeatureSet(from.word(), high);
    }

    private static List<String> texts(StateReader from, int most) throws HandOverException {
        List<String> all = new ArrayList<>();
        for (int left = from.count(most); left > 0; left--) {
            all.add(from.text());
        }
        return all;
    }

    /**
     * Returns the reason why a back-end cannot keep the promises of another one.
     *
     * @param before promises of the other back-end
     * @param config configuration of the back-end that would take over
     * @return the reason, in one line; empty when it can keep them
     */
    static Optional<String> broken(Promise before, BackendConfig config) {
        Promise here = of(config);
        List<String> reasons = new ArrayList<>();
        if (!here.sockets.equals(before.sockets)) {
            reasons.add("the sockets are %s there and %s here: give the same --socket-path in the same order"
                    .formatted(before.sockets, here.sockets));
        }
        if (!here.switching.equals(before.switching) || !here.ports.equals(before.ports)) {
            reasons.add("the ports are %s %s there and %s %s here: give the same --port in the same order"
                    .formatted(before.switching, before.ports, here.switching, here.ports));
        }
        if (here.queuePairs != before.queuePairs) {
            reasons.add("guests have %d queue pairs there and %d here".formatted(before.queuePairs, here.queuePairs));
        }
        FeatureSet lacking = before.offered.minus(here.offered);
        if (!lacking.isEmpty()) {
            reasons.add(
                    "offered there and not here: " + String.join(" ", lacking.names()) + " (" + lacking.hex() + ")");
        }
        reasons.addAll(config.view()
                .filter(view -> !before.abi.isEmpty())
                .map(view -> differences(view, before.abi))
                .orElse(List.of()));
        return reasons.isEmpty()
                ? Optional.empty()
                : Optional.of("guests were promised something else (" + before.words + ") than here (" + here.words
                        + "): " + String.join("; ", reasons));
    }

    private static List<String> differences(GuestView view, String abi) {
        try {
            return view.differences(abi);
        } catch (IllegalArgumentException e) {
            return List.of(String.valueOf(e.getMessage()));
        }
    }
}
