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
 * What a back-end is started with. Made by a {@linkplain #builder builder}.
 *
 * @param endpoints one for each guest
 * @param offered the features on offer, as the platform's resolution has them
 * @param leftToFrontEnd features that are offered in addition to a front-end whose config space is its own
 * @param queuePairs queue pairs of each guest, 1 to 127
 * @param mtu what the config space says, 68 to 65535, or 0 for nothing
 * @param linkSpeed what the config space says of the link
 * @param switching what happens to the guests' frames
 * @param idle when a lane sleeps
 * @param promise what offers the features, in words of one line. With it, a file next to each guest's socket (its name with {@code
 *     .acknowledged}) keeps what the guest acknowledged, and a back-end that is started again turns away a front-end whose guest has
 *     more than is on offer now. Without it nothing is kept beyond the process
 * @param view what guests see; the state that moves with a guest says it, and a guest that saw something else is refused
 * @param receiveTimeouts how long a guest's senders wait for it
 * @param lanes how many threads serve the guests, 1 to {@value #MOST_LANES}; see {@link #lanesInUse}
 * @param clock nanoseconds from any origin, never running backwards; read by the threads of all lanes
 * @param anyMemory whether guest memory may be any file; else only what the kernel serves alone: memfd, tmpfs, hugetlbfs. A file that a
 *     process or a server answers for can hold up its guest's lane for as long as that likes
 * @param growing whether guests may come while it runs: it may begin without one, and has all its lanes
 * @param queueLanes whether the queue pairs of a guest are on all lanes, so that one guest can use more than one
 * @param cores the cores that lanes run on, each on one, in turn; empty where the kernel decides
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
    /** Maximum of lanes: the number of cores of a large host. */
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
     * Begins a configuration in which everything else has its default.
     *
     * @param endpoints one for each guest
     * @param offered the features on offer, as the platform's resolution has them
     * @return a builder: one lane that sleeps when it is idle, a bridge between the guests, one queue pair each, no MTU and no link
     *     speed in the config space, nothing kept beyond the process, real time
     */
    public static Builder builder(List<Endpoint> endpoints, FeatureSet offered) {
        return new Builder(endpoints, offered);
    }

    /**
     * How many lanes there are indeed: guest k is on lane k modulo this number, other ports of a bridge are on the first.
     *
     * @return {@link #lanes}, or the number of guests when that is smaller and no guest can come
     */
    public int lanesInUse() {
        return growing || spreads() ? lanes : Math.min(lanes, endpoints.size());
    }

    private boolean spreads() {
        return queueLanes && lanes > 1 && queuePairs > 1 && switching instanceof Switching.Bridged;
    }

    /** Whether the queue pairs of a guest are on all lanes; those of a guest with rates are not, because lanes do not count together. */
    boolean spreads(Endpoint guest) {
        return spreads() && guest.rates().equals(PortRates.NONE);
    }

    /** The same with other guests and ports. */
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
         * @param value what the config space says
         * @return this
         */
        public Builder linkSpeed(LinkSpeed value) {
            linkSpeed = value;
            return this;
        }

        /**
         * Sets {@link BackendConfig#switching}.
         *
         * @param value what happens to the guests' frames
         * @return this
         */
        public Builder switching(Switching value) {
            switching = value;
            return this;
        }

        /**
         * Sets {@link BackendConfig#idle}.
         *
         * @param value when a lane sleeps
         * @return this
         */
        public Builder idle(IdlePolicy value) {
            idle = value;
            return this;
        }

        /**
         * Sets {@link BackendConfig#promise}.
         *
         * @param words what offers the features, for instance {@code machine pc-q35-9.1, platform linux-6.9}
         * @return this
         */
        public Builder promise(String words) {
            promise = Optional.of(words);
            return this;
        }

        /**
         * Sets {@link BackendConfig#view}.
         *
         * @param value what guests see
         * @return this
         */
        public Builder view(GuestView value) {
            view = Optional.of(value);
            return this;
        }

        /**
         * Sets {@link BackendConfig#receiveTimeouts}.
         *
         * @param value how long senders wait for a guest
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
         * @param value nanoseconds, safe for several threads
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
         * @param value whether guests may come while the back-end runs
         * @return this
         */
        public Builder growing(boolean value) {
            growing = value;
            return this;
        }

        /**
         * Sets {@link BackendConfig#queueLanes}.
         *
         * @param value whether the queue pairs of a guest are on all lanes
         * @return this
         */
        public Builder queueLanes(boolean value) {
            queueLanes = value;
            return this;
        }

        /**
         * Sets {@link BackendConfig#cores}.
         *
         * @param value of cores that this process may run on; empty where the kernel decides
         * @return this
         */
        public Builder cores(CoreSet value) {
            cores = value;
            return this;
        }

        /**
         * Ends the configuration.
         *
         * @return what was collected
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
