// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;
import org.vhost4j.tools.endtoend.TestBackEnd;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * Tests that a guest that receives almost nothing delays its senders only for a budget of time, whatever it posts
 * occasionally, and whatever it does with its rings and memory. One in ten frames of a sender is for that guest, all
 * others are for a third guest.
 */
class SlowReceiverTest {
    private static final int ROUNDS = 1_000;
    private static final int SLOW = 3;
    private static final int GOOD = 2;
    private static final Duration DEADLINE = Duration.ofMinutes(5);

    @AutoClose
    private final TestBackEnd backEnd = TestBackEnd.bridge(3);

    @AutoClose
    private final NetDriver sender = backEnd.attach(0, NetSetup.full());

    @AutoClose
    private final NetDriver good = backEnd.attach(1, NetSetup.full());

    @AutoClose
    private final NetDriver slow =
            backEnd.attach(2, NetSetup.full().with(Feature.CTRL_VQ).withProtocol(ProtocolFeature.CONFIG));

    private static byte[] frame(int from, int to) {
        return PacketBuilder.udp4().macs(from, to).payload(100, 0).complete();
    }

    /** An action of the slow guest every 30 ms. */
    private interface Act {
        void run() throws Exception;
    }

    /** Sends all frames, ten in each round, while the slow guest acts; how often it did until they had reached the third guest. */
    private int actsUntilAllReached(Act act) throws Exception {
        good.send(frame(GOOD, 255));
        slow.send(frame(SLOW, 255));
        slow.awaitSent();
        sender.receive();
        sender.receive();
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger acts = new AtomicInteger();
        CompletableFuture<Void> acting = CompletableFuture.runAsync(() -> {
            while (!over.get()) {
                LockSupport.parkNanos(30_000_000);
                try {
                    act.run();
                } catch (Exception e) {
                    throw new CompletionException(e);
                }
                acts.incrementAndGet();
            }
        });
        long end = System.nanoTime() + DEADLINE.toNanos();
        int round = 0;
        while (round < ROUNDS && System.nanoTime() < end) {
            for (int i = 0; i < 10; i++) {
                sender.send(frame(1, i == 0 ? SLOW : GOOD));
            }
            int came = 0;
            while (came < 9 && System.nanoTime() < end) {
                Optional<ReceivedFrame> frame = good.poll(0);
                if (frame.isEmpty()) {
                    LockSupport.parkNanos(20_000);
                } else if (frame.get().bytes()[5] == GOOD) {
                    came++;
                }
            }
            round += came == 9 ? 1 : 0;
        }
        over.set(true);
        acting.join();
        assertThat(round).as("rounds of which all frames came").isEqualTo(ROUNDS);
        return acts.get();
    }

    private void assertHeldUpNoLonger(Act act) throws Exception {
        slow.repost(0, false);
        int buffers = slow.receiveQueue(0).ring().inFlight();
        int unused = actsUntilAllReached(act);
        assertThat(backEnd.backend().counters(2).get(Counter.RX_NO_BUFFER)
                        + backEnd.backend().counters(2).get(Counter.RX_NOT_READY))
                .as("frames for the slow guest that were dropped, of %d, in %d acts", ROUNDS, unused)
                .isGreaterThanOrEqualTo(ROUNDS - buffers);
    }

    @Test
    void aBufferNowAndThen() throws Exception {
        slow.repost(0, false);
        int acts = actsUntilAllReached(() -> {
            slow.repost(0, true);
            slow.poll(0);
            slow.repost(0, false);
        });
        assertThat(acts)
                .as("buffers that were waited for, while there were %d frames", ROUNDS)
                .isLessThan(ROUNDS / 2);
    }

    @Test
    void noBufferAndItsControlQueueStartedAgain() throws Exception {
        assertHeldUpNoLonger(() -> restart(slow.controlQueue()));
    }

    @Test
    void noBufferAndItsReceiveQueueStartedAgain() throws Exception {
        assertHeldUpNoLonger(() -> restart(slow.receiveQueue(0)));
    }

    @Test
    void noBufferAndItsMemoryTableSentAgain() throws Exception {
        assertHeldUpNoLonger(() -> slow.frontEnd().setMemTable(List.of(slow.ram())));
    }

    @Test
    void noBufferAndAllItsQueuesStartedAgain() throws Exception {
        assertHeldUpNoLonger(() -> {
            slow.stop();
            slow.resume();
        });
    }

    private void restart(FrontEndQueue queue) {
        queue.start(slow.frontEnd(), queue.stop(slow.frontEnd()));
    }
}
