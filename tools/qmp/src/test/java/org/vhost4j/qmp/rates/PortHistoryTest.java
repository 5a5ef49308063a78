// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.rates;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.bridge.PortVlan;
import org.vhost4j.vhostuser.server.PortSnapshot;

/** Tests the rates of a port per second, with a clock that the test advances. */
class PortHistoryTest {
    private static final Instant FIRST = Instant.ofEpochSecond(1_000);

    private long nanos;
    private List<PortSnapshot> ports = new ArrayList<>();
    private final PortHistory history = new PortHistory(() -> ports, () -> nanos);

    private static PortSnapshot port(String name, Instant since, long frames, long dropped) {
        return new PortSnapshot(
                name,
                "tap",
                PortVlan.ALL,
                since,
                frames,
                frames * 100,
                frames * 2,
                frames * 1000,
                List.of(new PortSnapshot.Drop("no-room", "the peer does not read", false, dropped)));
    }

    private void sample(double seconds, PortSnapshot... all) {
        nanos += (long) (seconds * 1e9);
        ports = List.of(all);
        history.sample();
    }

    @Test
    void aRateIsTheDifferenceByTheTimeThatPassed() {
        sample(7, port("a", FIRST, 1_000, 5));
        assertThat(history.latest("a")).isEqualTo(PortRates.NONE);
        assertThat(history.all("a")).isEmpty();
        sample(4, port("a", FIRST, 1_400, 13));
        assertThat(history.latest("a")).isEqualTo(new PortRates(100, 10_000, 200, 100_000, 2));
        sample(2, port("a", FIRST, 1_400, 13));
        assertThat(history.latest("a")).isEqualTo(PortRates.NONE);
        assertThat(history.all("a")).hasSize(2);
        assertThat(history.length()).isEqualTo(2);
    }

    @Test
    void aPortThatComesWhileOthersAreThereBeginsWithNothing() {
        sample(2, port("a", FIRST, 0, 0));
        sample(2, port("a", FIRST, 20, 0), port("b", FIRST, 1_000_000, 0));
        assertThat(history.latest("a").framesIn()).isEqualTo(10);
        assertThat(history.latest("b")).isEqualTo(PortRates.NONE);
        sample(2, port("a", FIRST, 20, 0), port("b", FIRST, 1_000_002, 0));
        assertThat(history.latest("b").framesIn()).isEqualTo(1);
        assertThat(history.all("b")).hasSize(1);
        assertThat(history.all("a")).hasSize(2);
    }

    @Test
    void aNameThatIsGivenToAnotherPortBeginsAgain() {
        sample(2, port("a", FIRST, 5_000, 0));
        sample(2, port("a", FIRST, 6_000, 0));
        sample(2, port("a", FIRST.plusSeconds(1), 10, 0));
        assertThat(history.all("a")).isEmpty();
        sample(2);
        assertThat(history.latest("a")).isEqualTo(PortRates.NONE);
        sample(2, port("a", FIRST.plusSeconds(1), 10, 0));
        assertThat(history.all("a")).as("a port that was gone").isEmpty();
    }

    @Test
    void onlyTheLastMinutesAreKept() {
        for (int i = 0; i < PortHistory.MOST + 10; i++) {
            sample(1, port("a", FIRST, i * (long) i, 0));
        }
        List<PortRates> all = history.all("a");
        assertThat(all).hasSize(PortHistory.MOST);
        assertThat(history.length()).isEqualTo(PortHistory.MOST);
        long last = PortHistory.MOST + 9;
        assertThat(all.getLast().framesIn()).isEqualTo(last * last - (last - 1) * (last - 1));
    }

    @Test
    void aCounterThatFallsIsNoTraffic() {
        sample(1, port("a", FIRST, 100, 0));
        sample(1, port("a", FIRST, 50, 0));
        assertThat(history.latest("a")).isEqualTo(PortRates.NONE);
    }
}
