// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndIommu;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.sys.Await;
import org.vhost4j.vhostuser.wire.IotlbMessage;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** A driver behind an IOMMU that maps a page only after an IOTLB miss. */
final class IommuGuest implements AutoCloseable {
    /** A frame that the device dropped is sent again after so many looks. */
    private static final int LOOKS_PER_SENDING = 100_000;

    static final int BOTH = IotlbMessage.READ | IotlbMessage.WRITE;

    /** Longer than a question takes that is on its way. */
    private static final Duration MOMENT = Duration.ofMillis(2);

    final NetDriver driver;
    final FrontEndIommu iommu;
    private int answered;

    IommuGuest(TestBackEnd backEnd, int number, boolean packed) {
        this(backEnd, number, packed ? NetSetup.full().with(Feature.RING_PACKED) : NetSetup.full());
    }

    IommuGuest(TestBackEnd backEnd, int number, NetSetup setup) {
        driver = NetDriver.negotiated(
                FrontEnd.connect(backEnd.socket(number)),
                setup.with(Feature.ACCESS_PLATFORM).withProtocol(ProtocolFeature.BACKEND_REQ));
        iommu = new FrontEndIommu(driver);
        driver.start();
    }

    /** Answers a question, if there is one or comes in a moment. */
    Optional<IotlbMessage> answer() {
        return answer(MOMENT);
    }

    /** Answers a question, if there is one: for loops that look again. */
    void answerNow() {
        var _ = answer(Duration.ZERO);
    }

    private Optional<IotlbMessage> answer(Duration patience) {
        Optional<IotlbMessage> asked = iommu.miss(patience);
        asked.ifPresent(miss -> {
            assertThat(iommu.map(miss.iova(), BOTH)).isZero();
            answered++;
        });
        return asked;
    }

    /** Waits for the question about a page; one about another page that was still on its way is answered. */
    IotlbMessage awaitMiss(long page) {
        IotlbMessage asked = iommu.miss(Await.PATIENCE).orElseThrow();
        while (asked.iova() != page) {
            assertThat(iommu.map(asked.iova(), BOTH)).isZero();
            asked = iommu.miss(Await.PATIENCE).orElseThrow();
        }
        return asked;
    }

    /** The number of questions that were answered. */
    int answered() {
        return answered;
    }

    /** Withdraws everything, and gives only the rings back. */
    void keepRingsOnly() {
        withdrawAll();
        for (FrontEndQueue queue : driver.queues()) {
            for (long part : new long[] {
                queue.ring().descAddress(),
                queue.ring().availAddress(),
                queue.ring().usedAddress()
            }) {
                for (long page = part; page < part + 2 * FrontEndIommu.PAGE; page += FrontEndIommu.PAGE) {
                    if (driver.ram().memory().contains(page & -FrontEndIommu.PAGE, FrontEndIommu.PAGE)) {
                        assertThat(iommu.map(page, BOTH)).isZero();
                    }
                }
            }
        }
    }

    /** Maps all of its memory at once. */
    void mapAll() {
        DriverMemory memory = driver.ram().memory();
        assertThat(iommu.tell(new IotlbMessage(
                        memory.guestBase(),
                        memory.size(),
                        driver.ram().toUser(memory.guestBase()),
                        BOTH,
                        IotlbMessage.UPDATE)))
                .isZero();
    }

    /** Withdraws everything, as QEMU says it. */
    void withdrawAll() {
        assertThat(iommu.invalidate(0, 0)).isZero();
    }

    /** Writes a frame after a plain header. */
    byte[] write(long address, byte[] frame) {
        DriverMemory memory = driver.ram().memory();
        memory.write(address, DriverHeader.PLAIN.toBytes(DriverHeader.BYTES), 0, DriverHeader.BYTES);
        memory.write(address + DriverHeader.BYTES, frame, 0, frame.length);
        return frame;
    }

    /** Sends what {@link #write} wrote, from where it is. */
    void offer(long address, int frameBytes) {
        FrontEndQueue queue = driver.transmitQueue(0);
        queue.ring().begin();
        queue.ring().readable(address, DriverHeader.BYTES + frameBytes).offer();
        queue.publish();
    }

    /** All of its memory, to see whether the device has written there. */
    int fingerprint() {
        DriverMemory memory = driver.ram().memory();
        return Arrays.hashCode(memory.read(memory.guestBase(), (int) memory.size()));
    }

    /** Sends and answers both IOMMUs until the frame is there; again when it was dropped because the receiver waited for long. */
    static void arrives(IommuGuest from, IommuGuest to, byte[] frame, Runnable send) {
        AtomicInteger looks = new AtomicInteger();
        Await.until("the frame arrives", () -> {
            if (looks.getAndIncrement() % LOOKS_PER_SENDING == 0) {
                send.run();
            }
            from.answerNow();
            to.answerNow();
            return to.driver
                    .receiveAny(Duration.ZERO)
                    .map(received -> Arrays.equals(received.bytes(), frame))
                    .orElse(false);
        });
    }

    @Override
    public void close() {
        iommu.close();
        driver.close();
    }
}
