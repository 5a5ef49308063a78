// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.Control;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.sys.Await;
import org.vhost4j.tools.endtoend.TestBackEnd;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Tests a guest that keeps its control queue full of the longest commands. */
class CommandFloodTest {
    /** One command of 64 KiB more before a frame and one after it, and what the machine's two halves take from each other. */
    private static final Limit LIMIT = Limit.times(3, Duration.ofMillis(3));

    private static final long EVENT_NANOS = TimeUnit.MILLISECONDS.toNanos(1_000);
    private static final int ADDRESSES = 9_990;
    private static final int QUESTIONS = 1_000;
    private static final int TABLE = 128;
    private static final int KEY_BYTES = 40;
    private static final NetSetup SETUP = NetSetup.full()
            .with(Feature.CTRL_VQ, Feature.CTRL_RX, Feature.DEVICE_STATS, Feature.RSS)
            .withProtocol(ProtocolFeature.CONFIG);

    @AutoClose
    private final TestBackEnd backEnd = TestBackEnd.bridge(3);

    @AutoClose
    private final Neighbours neighbours = Neighbours.attach(backEnd.socket(0), backEnd.socket(1));

    private static ByteBuffer data(byte[] command, int commandClass, int code) {
        return ByteBuffer.wrap(command)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) commandClass)
                .put((byte) code);
    }

    @Test
    void macTablesAreReadInTurn() {
        byte[] command = new byte[10 + 6 * ADDRESSES];
        ByteBuffer table = data(command, Control.MAC, Control.MAC_TABLE_SET);
        table.putInt(ADDRESSES);
        for (int i = 0; i < ADDRESSES; i++) {
            table.putShort((short) 2).putInt(i);
        }
        table.putInt(0);
        flood("MAC tables of 60 KB as fast as a guest can", command, 0);
    }

    @Test
    void statisticsAreGivenInTurn() {
        byte[] command = new byte[2 + 16 * QUESTIONS];
        ByteBuffer questions = data(command, Control.STATS, Control.STATS_GET);
        for (int i = 0; i < QUESTIONS; i++) {
            questions.putLong(0).putLong(1);
        }
        flood("statistics of 1000 queues as fast as a guest can", command, 60_000);
    }

    @Test
    void rssTablesAreReadInTurn() {
        byte[] command = new byte[2 + 4 + 2 + 2 + 2 * TABLE + 2 + 1 + KEY_BYTES];
        ByteBuffer table = data(command, Control.MQ, Control.MQ_RSS_CONFIG);
        int everyHashType = 0x1ff;
        table.putInt(everyHashType).putShort((short) (TABLE - 1)).putShort((short) 0);
        table.position(table.position() + 2 * TABLE);
        table.putShort((short) 1).put((byte) KEY_BYTES);
        flood("RSS tables of 128 entries as fast as a guest can", command, 0);
    }

    private void flood(String event, byte[] command, int room) {
        Rounds.of(event, LIMIT).run(neighbours, () -> {
            try (NetDriver driver = backEnd.attach(2, SETUP)) {
                FrontEndQueue queue = driver.controlQueue();
                RingDriver ring = queue.ring();
                DriverMemory memory = ring.memory();
                // All commands in the ring are the same one: the device copies it before it looks at it.
                long at = memory.allocate(command.length + 1L + room, 16);
                memory.write(at, command, 0, command.length);
                long answer = at + command.length;
                memory.put8(answer, Control.ERR);
                for (long end = System.nanoTime() + EVENT_NANOS; System.nanoTime() < end; ) {
                    while (ring.collect()) {
                        // Its descriptors are free.
                    }
                    while (ring.freeDescriptors() >= 2) {
                        ring.begin();
                        ring.readable(at, command.length).writable(answer, 1 + room);
                        ring.offer();
                    }
                    queue.publish();
                    LockSupport.parkNanos(20_000);
                }
                Await.until("a command is answered", () -> memory.get8(answer) == Control.OK);
            }
        });
    }
}
