// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.net.LinkSpeed;
import org.vhost4j.device.net.ReceiveTimeouts;
import org.vhost4j.device.rate.PortRates;
import org.vhost4j.host.lane.IdlePolicy;
import org.vhost4j.sys.CoreSet;

/**
 * The configuration with which a back-end is started. Created by a {@linkplain #builder builder}.
 *
 * @param endpoints the endpoints, one for each guest
 * @param offered the offered features, as the platform's resolution determined them
 * @param leftToFrontEnd features that are offered in addition to a front-end that implements the config space itself
 * @param queuePairs number of queue pairs of each guest, 1 to 127
 * @param mtu MTU in the config space in bytes, 68 to 65535, or 0 for none
 * @param linkSpeed speed and duplex mode in the config space
 * @param switching the switching of the guests' frames
 * @param idle time for which an idle lane polls before it sleeps
 * @param promise description of the machine and platform that determine the features, in one line. If it is not empty, a file next to each
 *     guest's socket (with the suffix {@code .acknowledged}) stores the features that the guest has acknowledged. A restarted back-end
 *     rejects a front-end whose guest has acknowledged more than is offered now. If it is empty, nothing is kept when the process ends
 * @param view the properties that guests see. They are part of the device state that migrates with a guest; a guest that saw other
 *     properties on its source is refused
 * @param receiveTimeouts time for which senders wait for a guest
 * @param lanes number of threads that serve the guests, 1 to {@value #MOST_LANES}; see {@link #lanesInUse}
 * @param clock clock in nanoseconds, from any origin, monotonic; read by the threads of all lanes
 * @param anyMemory whether guest memory may be in any file; otherwise only in files that the kernel alone provides: memfd, tmpfs,
 *     hugetlbfs. A file from another process or a server can block its guest's lane without limit
 * @param growing whether guests may be added while the back-end runs; then it may start without a guest, and uses all lanes
 * @param queueLanes whether a guest's queue pairs are distributed over all lanes, so that one guest can use more than one lane
 * @param cores the cores to which lanes are bound: lane k to the core at index k modulo the number of cores; empty when the kernel decides
 */
public record BackendConfig(
        List<Endpoint> endpoints,
        FeatureSet offered,
        FeatureSet leftToFrontEnd,
        int queuePairs,
        int mtu,
        LinkSpeed linkSpeed,
        Switching switching,
        IdlePolicy idle,
        Optional<String> promise,
        Optional<GuestView> view,
        ReceiveTimeouts receiveTimeouts,
        int lanes,
        LongSupplier clock,
        boolean anyMemory,
        boolean growing,
        boolean queueLanes,
        CoreSet cores) {
    /** The maximum number of lanes, which is the number of cores of a large host. */
    public static final int MOST_LANES = 64;

    /** Copies the list. */
    public BackendConfig {
        endpoints = List.copyOf(endpoints);
        if (endpoints.isEmpty() && !growing) {
            throw new IllegalArgumentException("a back-end needs a socket");
        }
        if (lanes < 1 || lanes > MOST_LANES) {
            throw new IllegalArgumentException("a back-end has 1 to " + MOST_LANES + " lanes, not " + lanes);
        }
    }

    /**
     * Returns a builder with these values and defaults for all others.
     *
     * @param endpoints the endpoints, one for each guest
     * @param offered the offered features, as the platform's resolution determined them
     * @return a builder: one lane that sleeps when it is idle, a bridge between the guests, one queue pair for each guest, no MTU and no
     *     link speed in the config space, no files beside sockets, the system's clock
     */
    public static Builder builder(List<Endpoint> endpoints, FeatureSet offered) {
        return new Builder(endpoints, offered);
    }

    /**
     * Returns the number of lanes in use. Guest k is on lane k modulo this number; the other ports of a bridge are on the first lane.
     *
     * @return {@link #lanes}, or the number of guests when that is smaller and no guest can be added
     */
    public int lanesInUse() {
        return growing || spreads() ? lanes : Math.min(lanes, endpoints.size());
    }

    private boolean spreads() {
        return queueLanes && lanes > 1 && queuePairs > 1 && switching instanceof Switching.Bridged;
    }

    /**
     * Returns whether a guest's queue pairs are distributed over all lanes. Those of a guest with rate limits are not, because lanes cannot
     * share a rate limit.
     */
    boolean spreads(Endpoint guest) {
        return spreads() && guest.rates().equals(PortRates.NONE);
    }

    /** Returns the same configuration with other guests and ports. */
    BackendConfig serving(List<Endpoint> guests, Switching frames) {
        return new BackendConfig(
                guests,
                offered,
                leftToFrontEnd,
                queuePairs,
                mtu,
                linkSpeed,
                frames,
                idle,
                promise,
                view,
                receiveTimeouts,
                lanes,
                clock,
                anyMemory,
                true,
                queueLanes,
                cores);
    }

    /** Collects the values of a configuration; each has a default. Units and ranges are those of {@link BackendConfig}. */
    public static final class Builder {
        private final List<Endpoint> endpoints;
        private final FeatureSet offered;
        private FeatureSet leftToFrontEnd = FeatureSet.EMPTY;
        private int queuePairs = 1;
        private int mtu;
        private LinkSpeed linkSpeed = LinkSpeed.UNKNOWN;
        private Switching switching = new Switching.Bridged(List.of());
        private IdlePolicy idle = IdlePolicy.ADAPTIVE;
        private Optional<String> promise = Optional.empty();
        private Optional<GuestView> view = Optional.empty();
        private ReceiveTimeouts receiveTimeouts = ReceiveTimeouts.DEFAULT;
        private int lanes = 1;
        private LongSupplier clock = System::nanoTime;
        private boolean anyMemory;
        private boolean growing;
        private boolean queueLanes;
        private CoreSet cores = CoreSet.NONE;

        private Builder(List<Endpoint> endpoints, FeatureSet offered) {
            this.endpoints = endpoints;
            this.offered = offered;
        }

        /**
         * Sets {@link BackendConfig#leftToFrontEnd}.
         *
         * @param value features in addition to those that are offered
         * @return this
         */
        public Builder leftToFrontEnd(FeatureSet value) {
            leftToFrontEnd = value;
            return this;
        }

        /**
         * Sets {@link BackendConfig#queuePairs}.
         *
         * @param value 1 to 127
         * @return this
         */
        public Builder queuePairs(int value) {
            queuePairs = value;
            return this;
        }

        /**
         * Sets {@link BackendConfig#mtu}.
         *
         * @param value 68 to 65535 bytes, or 0 for none
         * @return this
         */
        public Builder mtu(int value) {
            mtu = value;
            return this;
        }

        /**
         * Sets {@link BackendConfig#linkSpeed}.
         *
         * @param value speed and duplex mode in the config space
         * @return this
         */
        public Builder linkSpeed(LinkSpeed value) {
            linkSpeed = value;
            return this;
        }

        /**
         * Sets {@link BackendConfig#switching}.
         *
         * @param value the switching of the guests' frames
         * @return this
         */
        public Builder switching(Switching value) {
            switching = value;
            return this;
        }

        /**
         * Sets {@link BackendConfig#idle}.
         *
         * @param value time for which an idle lane polls before it sleeps
         * @return this
         */
        public Builder idle(IdlePolicy value) {
            idle = value;
            return this;
        }

        /**
         * Sets {@link BackendConfig#promise}.
         *
         * @param words description of the machine and platform, for instance {@code machine pc-q35-9.1, platform linux-6.9}
         * @return this
         */
        public Builder promise(String words) {
            promise = Optional.of(words);
            return this;
        }

        /**
         * Sets {@link BackendConfig#view}.
         *
         * @param value the properties that guests see
         * @return this
         */
        public Builder view(GuestView value) {
            view = Optional.of(value);
            return this;
        }

        /**
         * Sets {@link BackendConfig#receiveTimeouts}.
         *
         * @param value maximum time for which senders wait for a guest
         * @return this
         */
        public Builder receiveTimeouts(ReceiveTimeouts value) {
            receiveTimeouts = value;
            return this;
        }

        /**
         * Sets {@link BackendConfig#lanes}.
         *
         * @param value 1 to {@value BackendConfig#MOST_LANES}
         * @return this
         */
        public Builder lanes(int value) {
            lanes = value;
            return this;
        }

        /**
         * Sets {@link BackendConfig#clock}.
         *
         * @param value clock in nanoseconds, which several threads may call
         * @return this
         */
        public Builder clock(LongSupplier value) {
            clock = value;
            return this;
        }

        /**
         * Sets {@link BackendConfig#anyMemory}.
         *
         * @param value whether guest memory may be any file
         * @return this
         */
        public Builder anyMemory(boolean value) {
            anyMemory = value;
            return this;
        }

        /**
         * Sets {@link BackendConfig#growing}.
         *
         * @param value whether guests may be added while the back-end runs
         * @return this
         */
        public Builder growing(boolean value) {
            growing = value;
            return this;
        }

        /**
         * Sets {@link BackendConfig#queueLanes}.
         *
         * @param value whether a guest's queue pairs are distributed over all lanes
         * @return this
         */
        public Builder queueLanes(boolean value) {
            queueLanes = value;
            return this;
        }

        /**
         * Sets {@link BackendConfig#cores}.
         *
         * @param value cores on which this process may run; empty when the kernel decides
         * @return this
         */
        public Builder cores(CoreSet value) {
            cores = value;
            return this;
        }

        /**
         * Builds the configuration.
         *
         * @return the configuration
         * @throws IllegalArgumentException when there is no endpoint or the number of lanes is out of its range
         */
        public BackendConfig build() {
            return new BackendConfig(
                    endpoints,
                    offered,
                    leftToFrontEnd,
                    queuePairs,
                    mtu,
                    linkSpeed,
                    switching,
                    idle,
                    promise,
                    view,
                    receiveTimeouts,
                    lanes,
                    clock,
                    anyMemory,
                    growing,
                    queueLanes,
                    cores);
        }
    }
}
