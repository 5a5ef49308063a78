// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndSocket;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.Ram;
import org.vhost4j.tools.endtoend.TestBackEnd;
import org.vhost4j.vhostuser.wire.Request;

/** Tests a front-end that sends messages, or connects, as fast as it can. */
class MessageFloodTest {
    /** One turn of the lane more before a frame and one after it, and what the machine's two halves take from each other. */
    private static final Limit LIMIT = Limit.times(3, Duration.ofMillis(3));

    private static final long EVENT_NANOS = TimeUnit.MILLISECONDS.toNanos(1_000);
    private static final int BATCH = 100;

    @AutoClose
    private final TestBackEnd backEnd = TestBackEnd.bridge(3);

    @AutoClose
    private final Neighbours neighbours = Neighbours.attach(backEnd.socket(0), backEnd.socket(1));

    private static void put(ByteBuffer into, Request request, byte[] payload) {
        into.putInt(request.code()).putInt(1).putInt(payload.length).put(payload);
    }

    @Test
    void requestsAreTakenInTurn() {
        ByteBuffer batch = ByteBuffer.allocate(BATCH * (12 + 20 + 12)).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < BATCH; i++) {
            put(batch, Request.SET_OWNER, new byte[0]);
            put(batch, Request.SET_FEATURES, FrontEnd.u64(Feature.VERSION_1.mask()));
            put(batch, Request.GET_FEATURES, new byte[0]);
        }
        Rounds.of("SET_OWNER, SET_FEATURES, GET_FEATURES as fast as a front-end can", LIMIT)
                .run(neighbours, () -> {
                    try (FrontEnd frontEnd = FrontEnd.connect(backEnd.socket(2))) {
                        FrontEndSocket socket = frontEnd.socket();
                        for (long end = System.nanoTime() + EVENT_NANOS; System.nanoTime() < end; ) {
                            frontEnd.sendRaw(batch.array(), List.of());
                            for (int i = 0; i < BATCH; i++) {
                                socket.receive(frontEnd.patience()).close();
                            }
                        }
                    }
                });
    }

    @Test
    void memoryTablesAndRingsAreChangedInTurn() {
        Rounds.of("SET_MEM_TABLE and SET_VRING_ENABLE as fast as a front-end can", LIMIT)
                .run(neighbours, () -> {
                    try (NetDriver driver = backEnd.attach(2, NetSetup.full())) {
                        List<Ram> table = List.of(driver.ram());
                        for (long end = System.nanoTime() + EVENT_NANOS; System.nanoTime() < end; ) {
                            driver.frontEnd().setMemTable(table);
                            for (int i = 0; i < 10; i++) {
                                driver.frontEnd().setVringEnable(0, i % 2 != 0);
                            }
                        }
                    }
                });
    }

    @Test
    void connectionsAreAcceptedInTurn() {
        Rounds.of("a front-end connects and hangs up as fast as it can", LIMIT).run(neighbours, () -> {
            for (long end = System.nanoTime() + EVENT_NANOS; System.nanoTime() < end; ) {
                FrontEndSocket.connect(backEnd.socket(2), Duration.ofSeconds(10))
                        .close();
            }
        });
    }
}
