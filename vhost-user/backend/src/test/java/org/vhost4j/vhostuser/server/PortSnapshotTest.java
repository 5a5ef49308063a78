// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.vhost4j.device.bridge.PortVlan;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.Counters;
import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.device.stats.PortDrop;

class PortSnapshotTest {
    @ParameterizedTest
    @EnumSource
    void showsEachReasonForWhichAGuestsFramesAreDropped(Counter counter) {
        Counters counters = new Counters();
        counters.add(counter, 3);
        long dropped = counter.meaning().contains("dropped") ? 3 : 0;
        assertThat(PortSnapshot.ofGuest("guest", PortVlan.ALL, counters).dropped())
                .isEqualTo(dropped);
    }

    @ParameterizedTest
    @EnumSource
    void aPortContinuesFromWhatAnotherProcessHasCounted(PortDrop reason) {
        PortCounters before = new PortCounters();
        before.in(60, false);
        before.out(70, true);
        before.drop(reason, 4);
        PortCounters after = new PortCounters();
        after.drop(reason);
        before.all().forEach(after::add);
        after.add("OF_ANOTHER_VERSION", 9);
        PortSnapshot shown = PortSnapshot.ofPort("tap:tap0", PortVlan.ALL, after);
        assertThat(shown.dropped()).isEqualTo(5);
        assertThat(after.drops(reason)).isEqualTo(5);
        assertThat(shown.bytesIn()).isEqualTo(60);
        assertThat(shown.bytesOut()).isEqualTo(70);
        assertThat(after.superFramesOut()).isEqualTo(1);
    }
}
