// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests the tables with a sender that uses VLANs from the whole range. */
class VlanTablesTest {
    private static final int ENTRY_BYTES = 8;

    /** The distance between the VLANs that the sender uses; odd, so that they include VLANs of every port. */
    private static final int EVERY = 63;

    private static final long STATION = 0x02_0000_0000_01L;

    @ParameterizedTest
    @CsvSource({"2,false", "2,true", "100,false", "100,true"})
    void theyStaySmallAndKnowEveryStation(int ports, boolean named) {
        Set<Integer> vlans = named ? IntStream.rangeClosed(0, 2000).boxed().collect(Collectors.toSet()) : Set.of();
        VlanTables tables = new VlanTables();
        for (int i = 0; i < ports; i++) {
            tables.port(i, "port" + i, PortRules.NONE.withVlan(PortVlan.trunk(vlans)));
        }
        for (int vlan = 1; vlan <= PortVlan.MOST; vlan++) {
            assertThat(tables.of(vlan)).isSameAs(tables.of(vlan));
        }
        assertThat(tables.capacity() * ENTRY_BYTES).isLessThan(10 << 20);
        // So few stations that the buckets of a table that several VLANs share are not full.
        int[] some = IntStream.rangeClosed(1, PortVlan.MOST / EVERY)
                .map(i -> i * EVERY)
                .toArray();
        for (int vlan : some) {
            assertThat(tables.of(vlan).heard(STATION + vlan, vlan % ports, 0)).isTrue();
        }
        for (int vlan : some) {
            assertThat(tables.of(vlan).find(STATION + vlan)).isEqualTo(vlan % ports);
        }
        tables.forget(1);
        for (int vlan : some) {
            assertThat(tables.of(vlan).find(STATION + vlan)).isEqualTo(vlan % ports == 1 ? -1 : vlan % ports);
        }
    }
}
