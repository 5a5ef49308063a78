// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.vhost4j.device.bridge.PortVlan;
import org.vhost4j.device.rate.PortRates;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.OwnSecurity;
import org.vhost4j.vhostuser.server.PortSecurity;
import org.vhost4j.vhostuser.server.Uplink;

/**
 * Settings that guests and ports have in common: VLANs, security, rates. They can change while the guest or port is
 * served.
 *
 * @param vlan VLANs that the port carries; empty when no VLAN setting is given
 * @param mode value of {@code port-security}; empty when not given
 * @param floodLimit maximum number of flooded frames per second; empty when not given
 * @param rates rate limits of its frames
 */
record PortSettings(
        Optional<PortVlan> vlan, Optional<PortSecurity.Mode> mode, OptionalInt floodLimit, RateOptions rates) {
    static final String SECURITY = "port-security";
    static final String FLOOD_LIMIT = "flood-limit";

    /** The keys. */
    static final List<String> KEYS = keys();

    /** A list of options without these settings, and the settings. */
    record Split(String rest, Map<String, String> values) {}

    private static List<String> keys() {
        List<String> keys = new ArrayList<>(VlanOptions.KEYS);
        keys.add(SECURITY);
        keys.add(FLOOD_LIMIT);
        keys.addAll(RateOptions.KEYS);
        return List.copyOf(keys);
    }

    /**
     * Separates these settings from a list of options.
     *
     * @param option the whole option, for messages
     * @param text the list, possibly empty
     * @throws IllegalArgumentException when it is invalid; the message is for the user
     */
    static Split split(String option, String text) {
        StringBuilder rest = new StringBuilder();
        StringBuilder own = new StringBuilder();
        for (String part : CommaOptions.parts(text)) {
            StringBuilder to = KEYS.contains(part.replaceFirst("=.*", "")) ? own : rest;
            to.append(to.isEmpty() ? "" : ",").append(part);
        }
        return new Split(
                own.isEmpty() ? text : rest.toString(),
                CommaOptions.parse(option, own.toString(), KEYS.toArray(String[]::new)));
    }

    /**
     * Parses the settings.
     *
     * @param option the whole option, for messages
     * @param values values by key; other keys are ignored
     * @throws IllegalArgumentException when it is invalid; the message is for the user
     */
    static PortSettings read(String option, Map<String, String> values) {
        Optional<PortSecurity.Mode> mode = Optional.ofNullable(values.get(SECURITY))
                .map(value -> mode(option + ": " + SECURITY + "=" + value, value));
        String limit = values.get(FLOOD_LIMIT);
        return new PortSettings(
                VlanOptions.read(option, values),
                mode,
                limit == null ? OptionalInt.empty() : OptionalInt.of(limit(option, limit)),
                RateOptions.read(option, values));
    }

    /**
     * Returns the mode with a name.
     *
     * @param option the option with its value, for the message
     * @throws IllegalArgumentException when there is no such mode
     */
    static PortSecurity.Mode mode(String option, String name) {
        for (PortSecurity.Mode mode : PortSecurity.Mode.values()) {
            if (mode.name().toLowerCase(Locale.ROOT).equals(name)) {
                return mode;
            }
        }
        throw new IllegalArgumentException(option + ": auto, on or off");
    }

    /** Returns the global security settings; a setting that is not given has its default. */
    static PortSecurity secure(Optional<String> mode, Optional<String> floodLimit) {
        return new PortSecurity(mode(SECURITY, mode.orElse("auto")), limit("all", floodLimit.orElse("0")));
    }

    private static int limit(String option, String value) {
        if (!value.matches("[0-9]{1,9}")) {
            throw new IllegalArgumentException(
                    option + ": " + FLOOD_LIMIT + "=" + value + ": a limit is 1 frame a second or more, or 0");
        }
        return Integer.parseInt(value);
    }

    boolean isEmpty() {
        return vlan.isEmpty() && mode.isEmpty() && floodLimit.isEmpty() && rates.isEmpty();
    }

    /**
     * Requires that there are no rate limits, which a port with a queue on each lane does not support, because a limit
     * cannot be shared by lanes.
     *
     * @param option the whole option, for the message
     * @throws IllegalArgumentException when it is invalid; the message is for the user
     */
    void requireUnlimited(String option) {
        if (!rates.over(PortRates.NONE).equals(PortRates.NONE)) {
            throw new IllegalArgumentException(
                    option + ": with lane-queues=on each lane has a queue, and rates cannot be limited");
        }
    }

    private OwnSecurity over(OwnSecurity before) {
        return new OwnSecurity(mode.or(before::mode), floodLimit.isPresent() ? floodLimit : before.floodsPerSecond());
    }

    /** Returns the same guest with these settings instead of its own. */
    Endpoint over(Endpoint guest) {
        return guest.withVlan(vlan.orElse(guest.vlan()))
                .withSecurity(over(guest.security()))
                .withRates(rates.over(guest.rates()));
    }

    /** Returns the same port with these settings instead of its own. */
    Uplink over(Uplink port) {
        if (port.onEveryLane()) {
            requireUnlimited("port " + port.name());
        }
        return isEmpty()
                ? port
                : port.withVlan(vlan.orElse(port.vlan()))
                        .withSecurity(over(port.security()))
                        .withRates(rates.over(port.rates()));
    }
}
