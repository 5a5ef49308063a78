// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import java.util.List;
import org.junit.jupiter.api.Nested;
import org.vhost4j.vhostuser.server.Switching;

/** Runs the tests for guests of one lane with guests on two lanes. */
class OnTwoLanesTest {
    private static TestBackEnd bridge(int guests, int pairs) {
        return TestBackEnd.onTwoLanes(guests, pairs, new Switching.Bridged(List.of()));
    }

    @Nested
    class Rings extends BridgeTest {
        @Override
        TestBackEnd start() {
            return bridge(3, 1);
        }
    }

    @Nested
    class Offloads extends OffloadTest {
        @Override
        TestBackEnd start() {
            return bridge(2, 1);
        }
    }

    @Nested
    class Coalescing extends CoalescingTest {
        @Override
        TestBackEnd start() {
            return TestBackEnd.onTwoLanes(2, 1, new Switching.Bridged(List.of(), true));
        }
    }

    @Nested
    class Scaling extends ScalingTest {
        @Override
        TestBackEnd start() {
            return bridge(2, 2);
        }
    }

    @Nested
    class Iommu extends IommuTest {
        @Override
        TestBackEnd start() {
            return bridge(2, 1);
        }
    }

    @Nested
    class MemoryTables extends MemoryTableTest {
        @Override
        TestBackEnd start() {
            return bridge(2, 1);
        }
    }

    @Nested
    class HostileMemory extends HostileMemoryTest {
        @Override
        TestBackEnd start() {
            return bridge(HostileSetting.GUESTS, 1);
        }
    }
}
