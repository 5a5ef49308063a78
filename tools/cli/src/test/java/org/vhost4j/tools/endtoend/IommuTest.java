// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.frontend.FrontEndIommu;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.sys.Await;
import org.vhost4j.vhostuser.wire.IotlbMessage;

/**
 * Tests a guest behind an IOMMU: missing translations are requested by IOTLB misses, and invalidated ones are not used.
 */
@Timeout(300)
class IommuTest {
    private static final Duration MOMENT = Duration.ofMillis(2);
    private static final int BOTH = IommuGuest.BOTH;

    @AutoClose
    private final TestBackEnd backEnd = start();

    TestBackEnd start() {
        return TestBackEnd.bridge(2);
    }

    private static byte[] frame(int source, int target, int seed) {
        return PacketBuilder.udp4().macs(source, target).payload(1400, seed).complete();
    }

    private static void cross(IommuGuest from, IommuGuest to, byte[] frame) {
        IommuGuest.arrives(from, to, frame, () -> from.driver.send(frame));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everyPageIsAskedForAndFramesCross(boolean packed) {
        try (IommuGuest a = new IommuGuest(backEnd, 0, packed);
                IommuGuest b = new IommuGuest(backEnd, 1, packed)) {
            for (int i = 0; i < 20; i++) {
                cross(a, b, frame(1, 2, i));
                cross(b, a, frame(2, 1, i));
            }
            assertThat(a.answered()).isGreaterThan(3);
            assertThat(b.answered()).isGreaterThan(3);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatIsWithdrawnIsAskedForAgainAndLeadsWhereItLeadsThen(boolean packed) {
        try (IommuGuest a = new IommuGuest(backEnd, 0, packed);
                IommuGuest b = new IommuGuest(backEnd, 1, packed)) {
            cross(a, b, frame(1, 2, 0));
            cross(b, a, frame(2, 1, 0));
            DriverMemory memory = a.driver.ram().memory();
            long page = memory.allocate(FrontEndIommu.PAGE, FrontEndIommu.PAGE);
            long other = memory.allocate(FrontEndIommu.PAGE, FrontEndIommu.PAGE);
            byte[] first = a.write(page, frame(1, 2, 1));
            byte[] second = a.write(other, frame(1, 2, 2));
            assertThat(a.iommu.map(page, IotlbMessage.READ)).isZero();
            IommuGuest.arrives(a, b, first, () -> a.offer(page, first.length));
            assertThat(a.iommu.invalidate(page, FrontEndIommu.PAGE)).isZero();
            a.offer(page, first.length);
            assertThat(a.awaitMiss(page).permission()).isEqualTo(IotlbMessage.READ);
            assertThat(a.iommu.map(page, other, IotlbMessage.READ)).isZero();
            IommuGuest.arrives(a, b, second, () -> a.offer(page, second.length));
            assertThat(first).as("they differ").isNotEqualTo(second);

            // The rings themselves: they stand still until their pages are back.
            assertThat(a.iommu.invalidate(Long.MIN_VALUE >>> 8, 1L << 56)).isZero();
            assertThat(a.iommu.invalidate(0, -1L)).isZero();
            cross(a, b, frame(1, 2, 4));
            // How QEMU says that everything is withdrawn.
            assertThat(a.iommu.invalidate(0, 0)).isZero();
            cross(a, b, frame(1, 2, 3));
            cross(b, a, frame(2, 1, 3));
        }
    }

    @Test
    void aPageThatMayOnlyBeReadIsNotWritten() {
        try (IommuGuest a = new IommuGuest(backEnd, 0, false);
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            Set<Long> rings = new HashSet<>();
            for (FrontEndQueue queue : a.driver.queues()) {
                for (long part : new long[] {
                    queue.ring().descAddress(),
                    queue.ring().availAddress(),
                    queue.ring().usedAddress()
                }) {
                    rings.add(part & -FrontEndIommu.PAGE);
                    rings.add((part & -FrontEndIommu.PAGE) + FrontEndIommu.PAGE);
                }
            }
            Await.until("the device says what it may not write", () -> {
                b.send(frame(2, 1, 1));
                a.iommu.miss(MOMENT).ifPresent(miss -> {
                    boolean ofRing = rings.contains(miss.iova() & -FrontEndIommu.PAGE);
                    assertThat(a.iommu.map(miss.iova(), ofRing ? BOTH : IotlbMessage.READ))
                            .isZero();
                });
                return backEnd.hasSaid("is to be written, and its I/O virtual address", "is mapped read-only");
            });
        }
    }

    @Test
    void messagesThatMakeNoSenseAreRefusedAndTheNextIsTaken() {
        try (IommuGuest a = new IommuGuest(backEnd, 0, false)) {
            long good = a.driver.ram().memory().guestBase();
            long user = a.driver.ram().toUser(good);
            assertThat(a.iommu.tell(new IotlbMessage(good, 4096, 1, BOTH, IotlbMessage.UPDATE)))
                    .isNotZero();
            assertThat(a.iommu.tell(new IotlbMessage(good, 4096, user, 0, IotlbMessage.UPDATE)))
                    .isNotZero();
            assertThat(a.iommu.tell(new IotlbMessage(good, 4096, user, 4, IotlbMessage.UPDATE)))
                    .isNotZero();
            assertThat(a.iommu.tell(new IotlbMessage(good, 4096, user, BOTH, IotlbMessage.MISS)))
                    .isNotZero();
            assertThat(a.iommu.tell(new IotlbMessage(good, 4096, user, BOTH, 9)))
                    .isNotZero();
            assertThat(a.iommu.tell(new IotlbMessage(good, Long.MAX_VALUE, user, BOTH, IotlbMessage.UPDATE)))
                    .as("more than there is memory")
                    .isZero();
            assertThat(a.iommu.map(good, BOTH)).isZero();
        }
    }
}
