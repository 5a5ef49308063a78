// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.List;
import java.util.Optional;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.net.LinkSpeed;
import org.vhost4j.device.net.Patience;
import org.vhost4j.host.lane.IdlePolicy;

/**
 * What a back-end is started with.
 *
 * @param endpoints one for each guest
 * @param offered the features on offer, as the platform's resolution has them
 * @param leftToFrontEnd features that are offered beside those to a front-end whose config space is its own
 * @param queuePairs queue pairs of each guest, 1 to 127
 * @param mtu what the config space says, 68 to 65535, or 0 for nothing
 * @param speed what the config space says of the link
 * @param switching what happens to the guests' frames
 * @param idle when the lane sleeps
 * @param promise what offers the features, in words of one line. With it, a file beside each guest's socket (its name with {@code
 *     .acknowledged}) keeps what the guest acknowledged, and a back-end that is started again turns away a front-end whose guest has
 *     more than is on offer now. Without it nothing is kept beyond the process
 * @param patience how long a guest's senders wait for it
 * @param lanes how many threads serve the guests, 1 to {@value #MOST_LANES}; see {@link #lanesInUse}
 */
public record BackendConfig(
        List<Endpoint> endpoints,
        FeatureSet offered,
        FeatureSet leftToFrontEnd,
        int queuePairs,
        int mtu,
        LinkSpeed speed,
        Switching switching,
        IdlePolicy idle,
        Optional<String> promise,
        Patience patience,
        int lanes) {
    /** So many lanes at most: what a large host has of cores. */
    public static final int MOST_LANES = 64;

    /** Copies the list. */
    public BackendConfig {
        endpoints = List.copyOf(endpoints);
        if (endpoints.isEmpty()) {
            throw new IllegalArgumentException("a back-end needs a socket");
        }
        if (lanes < 1 || lanes > MOST_LANES) {
            throw new IllegalArgumentException("a back-end has 1 to " + MOST_LANES + " lanes, not " + lanes);
        }
    }

    /**
     * What a back-end that keeps nothing beyond its process is started with.
     *
     * @param endpoints one for each guest
     * @param offered the features on offer
     * @param queuePairs queue pairs of each guest, 1 to 127
     * @param mtu what the config space says, 68 to 65535, or 0 for nothing
     * @param switching what happens to the guests' frames
     * @param idle when the lane sleeps
     */
    public BackendConfig(
            List<Endpoint> endpoints,
            FeatureSet offered,
            int queuePairs,
            int mtu,
            Switching switching,
            IdlePolicy idle) {
        this(
                endpoints,
                offered,
                FeatureSet.EMPTY,
                queuePairs,
                mtu,
                LinkSpeed.UNKNOWN,
                switching,
                idle,
                Optional.empty(),
                Patience.DEFAULT,
                1);
    }

    /**
     * The same, and what guests acknowledge is kept beside their sockets.
     *
     * @param words what offers the features, for instance {@code machine pc-q35-9.1, platform linux-6.9}
     * @return a config with that promise
     */
    public BackendConfig promisedBy(String words) {
        return new BackendConfig(
                endpoints,
                offered,
                leftToFrontEnd,
                queuePairs,
                mtu,
                speed,
                switching,
                idle,
                Optional.of(words),
                patience,
                lanes);
    }

    /**
     * The same, and some features are up to the front-end.
     *
     * @param features as the platform's resolution has them
     * @return a config with these
     */
    public BackendConfig leaving(FeatureSet features) {
        return new BackendConfig(
                endpoints, offered, features, queuePairs, mtu, speed, switching, idle, promise, patience, lanes);
    }

    /**
     * The same, and the link has a speed.
     *
     * @param link what the config space says
     * @return a config with it
     */
    public BackendConfig at(LinkSpeed link) {
        return new BackendConfig(
                endpoints, offered, leftToFrontEnd, queuePairs, mtu, link, switching, idle, promise, patience, lanes);
    }

    /**
     * The same, and senders wait for a guest for another time.
     *
     * @param limits how long
     * @return a config with it
     */
    public BackendConfig waiting(Patience limits) {
        return new BackendConfig(
                endpoints, offered, leftToFrontEnd, queuePairs, mtu, speed, switching, idle, promise, limits, lanes);
    }

    /**
     * The same on another number of lanes.
     *
     * @param number 1 to {@value #MOST_LANES}
     * @return a config with it
     */
    public BackendConfig on(int number) {
        return new BackendConfig(
                endpoints, offered, leftToFrontEnd, queuePairs, mtu, speed, switching, idle, promise, patience, number);
    }

    /**
     * How many lanes there are indeed: guest k is on lane k modulo this number, other ports of a bridge are on the first.
     *
     * @return {@link #lanes}, or the number of guests when that is smaller
     */
    public int lanesInUse() {
        return Math.min(lanes, endpoints.size());
    }
}
