// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.device.rate.PortRates;
import org.vhost4j.device.rate.RateLimit;

class RateOptionsTest {
    private static PortRates over(PortRates before, Map<String, String> values) {
        return RateOptions.read("guest", values).over(before);
    }

    @Test
    void bothDirectionsOrEach() {
        PortRates both = over(PortRates.NONE, Map.of("rate", "100", "burst", "20"));
        assertThat(both).isEqualTo(new PortRates(new RateLimit(100, 0, 20), new RateLimit(100, 0, 20)));
        assertThat(over(PortRates.NONE, Map.of("rate", "100", "outbound-average", "7", "inbound-peak", "300")))
                .isEqualTo(new PortRates(new RateLimit(100, 300, 0), new RateLimit(7, 0, 0)));
        assertThat(over(PortRates.NONE, Map.of("inbound-average", "5")))
                .isEqualTo(new PortRates(new RateLimit(5, 0, 0), RateLimit.NONE));
        assertThat(over(PortRates.NONE, Map.of())).isEqualTo(PortRates.NONE);
    }

    @Test
    void whatIsNotGivenStays() {
        PortRates before = new PortRates(new RateLimit(100, 300, 20), new RateLimit(7, 0, 0));
        assertThat(over(before, Map.of())).isEqualTo(before);
        assertThat(over(before, Map.of("inbound-burst", "30")))
                .isEqualTo(new PortRates(new RateLimit(100, 300, 30), new RateLimit(7, 0, 0)));
        assertThat(over(before, Map.of("outbound-average", "9")))
                .isEqualTo(new PortRates(new RateLimit(100, 300, 20), new RateLimit(9, 0, 0)));
        assertThat(over(before, Map.of("inbound-average", "0")))
                .isEqualTo(new PortRates(RateLimit.NONE, new RateLimit(7, 0, 0)));
        assertThat(over(before, Map.of("rate", "0"))).isEqualTo(PortRates.NONE);
    }

    @ParameterizedTest
    @CsvSource({
        "rate, fast, 'guest: rate=fast: a rate is 0 to 4000000000 KiB a second'",
        "rate, 4000000001, 'guest: rate=4000000001: a rate is 0 to 4000000000 KiB a second'",
        "inbound-peak, 5, 'guest: inbound-…: peak and burst need an average'",
        "outbound-burst, 5, 'guest: outbound-…: peak and burst need an average'",
    })
    void whatIsWrong(String key, String value, String message) {
        assertThatThrownBy(() -> over(PortRates.NONE, Map.of(key, value)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void aPeakIsNotBelowTheAverage() {
        assertThatThrownBy(() -> over(PortRates.NONE, Map.of("rate", "10", "peak", "5")))
                .hasMessage("guest: inbound-…: peak, 5 KiB a second, is below the average of 10");
    }
}
