// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vhost4j.device.rate.PortRates;
import org.vhost4j.device.rate.RateLimit;

/**
 * {@code inbound-average=}, {@code inbound-peak=}, {@code inbound-burst=} and likewise {@code outbound-…=}, as the
 * attributes of libvirt's {@code <bandwidth>}: rates in KiB/s, bursts in KiB. {@code rate=}, {@code peak=} and {@code
 * burst=} set both directions. A rate of 0 means no limit.
 *
 * @param option option that has the rates, for messages
 * @param values the values by key
 */
record RateOptions(String option, Map<String, Long> values) {
    private static final String RATE = "rate";
    private static final String PEAK = "peak";
    private static final String BURST = "burst";
    private static final String AVERAGE = "average";
    private static final String INBOUND = "inbound-";
    private static final String OUTBOUND = "outbound-";

    /** The keys. */
    static final List<String> KEYS = List.of(
            RATE,
            PEAK,
            BURST,
            INBOUND + AVERAGE,
            INBOUND + PEAK,
            INBOUND + BURST,
            OUTBOUND + AVERAGE,
            OUTBOUND + PEAK,
            OUTBOUND + BURST);

    /**
     * Parses the rates.
     *
     * @param option the whole option, for messages
     * @param values values by key; other keys are ignored
     * @throws IllegalArgumentException when one is invalid; the message is for the user
     */
    static RateOptions read(String option, Map<String, String> values) {
        Map<String, Long> own = new LinkedHashMap<>();
        for (String key : KEYS) {
            String value = values.get(key);
            if (value != null) {
                if (!value.matches("[0-9]{1,10}") || Long.parseLong(value) > RateLimit.MOST) {
                    throw new IllegalArgumentException(
                            option + ": " + key + "=" + value + ": a rate is 0 to " + RateLimit.MOST + " KiB a second");
                }
                own.put(key, Long.parseLong(value));
            }
        }
        RateOptions rates = new RateOptions(option, Map.copyOf(own));
        // Values that are invalid by themselves are reported at once.
        PortRates unused = own.containsKey(RATE) || own.containsKey(INBOUND + AVERAGE)
                ? rates.over(PortRates.NONE)
                : PortRates.NONE;
        return rates;
    }

    boolean isEmpty() {
        return values.isEmpty();
    }

    /**
     * Returns the given rates, with the values of this object replacing some of them.
     *
     * @param before the other rates
     * @throws IllegalArgumentException when the result is invalid; the message is for the user
     */
    PortRates over(PortRates before) {
        return isEmpty() ? before : new PortRates(over(INBOUND, before.inbound()), over(OUTBOUND, before.outbound()));
    }

    private RateLimit over(String direction, RateLimit before) {
        long average = value(direction + AVERAGE, RATE, before.average());
        boolean ends = average == 0 && before.average() != 0;
        try {
            return ends
                    ? RateLimit.NONE
                    : new RateLimit(
                            average,
                            value(direction + PEAK, PEAK, before.peak()),
                            value(direction + BURST, BURST, before.burst()));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(option + ": " + direction + "…: " + e.getMessage(), e);
        }
    }

    private long value(String key, String both, long otherwise) {
        return values.getOrDefault(key, values.getOrDefault(both, otherwise));
    }
}
