// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostUse;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.vhostuser.server.Switching;
import org.vhost4j.vhostuser.server.Uplink;

/** The value of a {@code --port} option. */
sealed interface PortOption {
    /** A port on the bridge. */
    non-sealed interface OnBridge extends PortOption {
        /**
         * Returns the port's uses of the host's kernel, which is probed before the back-end starts.
         *
         * @return the uses; none by default
         */
        default Set<HostUse> uses() {
            return EnumSet.noneOf(HostUse.class);
        }

        /**
         * Returns the port, which is not open yet.
         *
         * @param host capabilities that the probe found for {@link #uses}
         */
        Uplink uplink(HostCapabilities host);

        /**
         * Returns the port for guests with a number of queue pairs.
         *
         * @param host capabilities that the probe found for {@link #uses}
         * @param queues number of queue pairs, 1 or more
         */
        default Uplink uplink(HostCapabilities host, int queues) {
            return uplink(host);
        }
    }

    /** A port on the bridge with settings. */
    record WithSettings(OnBridge port, PortSettings settings) implements OnBridge {
        @Override
        public Set<HostUse> uses() {
            return port.uses();
        }

        @Override
        public Uplink uplink(HostCapabilities host) {
            return settings.over(port.uplink(host));
        }

        @Override
        public Uplink uplink(HostCapabilities host, int queues) {
            return settings.over(port.uplink(host, queues));
        }
    }

    /** A switching that replaces the bridge. */
    record NoBridge(Switching switching) implements PortOption {}

    /**
     * Returns a printer of a port's lines.
     *
     * @param port name of the port, with which each line begins
     */
    static Consumer<String> lines(String port) {
        return line -> System.out.println(port + ": " + line);
    }

    /** Returns the uses of the host's kernel by all ports together. */
    static Set<HostUse> uses(List<PortOption> options) {
        Set<HostUse> all = EnumSet.noneOf(HostUse.class);
        for (PortOption option : options) {
            if (option instanceof OnBridge port) {
                all.addAll(port.uses());
            }
        }
        return all;
    }

    /**
     * Returns the switching for all options.
     *
     * @param options all options; none for a bridge between the guests only
     * @param host capabilities that the probe found for {@link #uses}
     * @param queues number of queue pairs of each guest
     * @param coalesce whether the bridge merges plain frames
     * @throws UnsupportedOption when options cannot be combined
     */
    static Switching toSwitching(List<PortOption> options, HostCapabilities host, int queues, boolean coalesce) {
        List<Uplink> uplinks = new ArrayList<>();
        for (PortOption option : options) {
            switch (option) {
                case OnBridge port -> uplinks.add(port.uplink(host, queues));
                case NoBridge alone
                when options.size() == 1 -> {
                    return alone.switching();
                }
                case NoBridge alone ->
                    throw new UnsupportedOption(
                            "--port null, echo and source cannot be combined with other ports: they replace the bridge");
            }
        }
        return new Switching.Bridged(uplinks, coalesce);
    }
}
