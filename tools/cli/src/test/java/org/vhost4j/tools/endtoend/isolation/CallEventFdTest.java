// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import java.time.Duration;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.DirtyLog;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.tools.endtoend.TestBackEnd;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

/** Tests a front-end that tries to block the back-end in a write to a shared eventfd. */
class CallEventFdTest {
    private static final Limit LIMIT = Limit.longerBy(Duration.ofMillis(20));

    @AutoClose
    private final TestBackEnd backEnd = TestBackEnd.bridge(3);

    @AutoClose
    private final Neighbours neighbours = Neighbours.attach(backEnd.socket(0), backEnd.socket(1));

    private int stops;

    @ParameterizedTest
    @CsvSource({
        "the call eventfd is full and blocks,false,false",
        "the call eventfd is full and blocks and is filled again in a loop,false,true",
        "the call eventfd is a full semaphore and blocks,true,false",
    })
    void theDeviceStopsAlone(String event, boolean semaphore, boolean refilled) {
        Rounds.of(event, LIMIT).run(neighbours, () -> {
            try (NetDriver driver = backEnd.attach(2, NetSetup.full());
                    FullCounter call = new FullCounter(semaphore)) {
                FrontEndQueue queue = driver.transmitQueue(0);
                driver.frontEnd().setVringCall(queue.index(), call.fd());
                call.jam();
                if (refilled) {
                    call.refill();
                }
                queue.ring().enableInterrupts();
                driver.send(
                        0,
                        PacketBuilder.udp4().macs(3, 4).payload(60, 1).complete(),
                        DriverHeader.PLAIN,
                        ChainShape.TOGETHER);
                backEnd.awaitLines(++stops, "guest2 stopped", "call descriptor of queue 1", "filled its counter");
            }
        });
    }

    @Test
    void theDescriptorOfTheLogCannotHoldTheLaneEither() {
        Rounds.of("the log's eventfd is full and blocks", LIMIT).run(neighbours, () -> {
            try (NetDriver driver = backEnd.attach(2, NetSetup.full().withProtocol(ProtocolFeature.LOG_SHMFD));
                    DirtyLog log = DirtyLog.create(
                            driver.ram().guestAddress() + driver.ram().bytes());
                    FullCounter written = new FullCounter(false)) {
                driver.frontEnd().tell(Request.SET_LOG_FD, new byte[0], written.fd());
                driver.frontEnd().barrier();
                written.jam();
                log.begin(driver);
                backEnd.awaitLines(++stops, "guest2 stopped", "the descriptor of the log", "filled its counter");
            }
        });
    }

    @Test
    void anErrorDescriptorCannotHoldTheLaneEither() {
        Rounds.of("the error eventfd is full and blocks when the device stops", LIMIT)
                .run(neighbours, () -> {
                    try (NetDriver driver = backEnd.attach(2, NetSetup.full());
                            FullCounter err = new FullCounter(false)) {
                        driver.frontEnd().setVringErr(driver.receiveQueue(0).index(), err.fd());
                        err.jam();
                        err.refill();
                        driver.ram().truncate(0);
                        driver.transmitQueue(0).kick().signal();
                        backEnd.awaitLines(++stops, "guest2 stopped", "memory");
                        driver.frontEnd().barrier();
                    }
                });
    }
}
