// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.SelectStrategy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.Budget;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.SocketPair;

/** Tests the scheduling of peers that send as fast as they can; the clock advances only with their messages. */
class FairTurnsTest {
    private static final int MESSAGES = 2_000;

    private long now;
    private int turn;
    private final List<String> order = new ArrayList<>();
    private final FairTurns turns = new FairTurns(
            (selectNow, hasTasks) -> hasTasks ? SelectStrategy.CONTINUE : SelectStrategy.SELECT,
            new Budget(8, 1_000, 100, () -> now),
            Runnable::run);

    /** A client with endless work, of which a slice is {@code units} long. */
    private void endless(String name, int units, long nanos) {
        turns.enqueue(() -> {
            for (int i = 0; i < units && turns.budget().remains(); i++) {
                order.add(name);
                now += nanos;
                turns.budget().spend(1);
            }
            endless(name, units, nanos);
        });
    }

    private List<String> turn() throws Exception {
        order.clear();
        assertThat(turns.calculateStrategy(() -> 0, false)).isEqualTo(SelectStrategy.CONTINUE);
        return order;
    }

    @Test
    void aTurnEndsWithTheBudgetHoweverManyPeersThereAre() throws Exception {
        for (int i = 0; i < 100; i++) {
            endless("peer" + i, 3, 0);
        }
        for (int i = 0; i < 50; i++) {
            assertThat(turn()).hasSize(8);
        }
    }

    @Test
    void peersTakeTurnsWhateverTheyAskFor() throws Exception {
        endless("greedy", 4, 1);
        endless("slow", 4, 90);
        endless("modest", 1, 1);
        List<String> all = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            all.addAll(turn());
        }
        for (String name : List.of("greedy", "slow", "modest")) {
            assertThat(all.stream().filter(name::equals).count()).as(name).isGreaterThanOrEqualTo(29);
        }
    }

    @Test
    void aLoopWithoutWorkMaySleep() throws Exception {
        assertThat(turns.calculateStrategy(() -> 0, false)).isEqualTo(SelectStrategy.SELECT);
    }

    /** On a real loop: each message takes 10 microseconds of the clock, so 5 of them are what a turn's 50 allow. */
    @Test
    void messagesBetweenTwoTurnsOfTheRingsAreBounded() throws Exception {
        AtomicLong clock = new AtomicLong();
        List<Integer> turnOf = new ArrayList<>();
        BlockingQueue<StreamEnd> ends = new LinkedBlockingQueue<>();
        BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
        SelectStrategy rings = (selectNow, hasTasks) -> {
            turn++;
            return hasTasks ? selectNow.get() : SelectStrategy.SELECT;
        };
        try (IoLoop loop = IoLoop.start("test", rings, failures::add, clock::get)) {
            List<Peer> peers = new ArrayList<>();
            List<StreamHandler> handlers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                handlers.add(new StreamHandler() {
                    @Override
                    public int received(ByteBuffer bytes, List<Fd> descriptors) {
                        clock.addAndGet(10_000);
                        turnOf.add(turn);
                        return 1;
                    }

                    @Override
                    public void ended(StreamEnd end) {
                        ends.add(end);
                    }
                });
            }
            for (StreamHandler handler : handlers) {
                SocketPair pair = SocketPair.create();
                Peer peer = new Peer(pair.second());
                peers.add(peer);
                peer.send("x".repeat(MESSAGES).getBytes(StandardCharsets.ISO_8859_1));
                loop.submit(() -> UnixStream.open(loop, pair.first(), 1, 16, handler))
                        .get(60, SECONDS);
            }
            peers.forEach(Peer::close);
            for (int i = 0; i < peers.size(); i++) {
                OnLoop.next(ends);
            }
            int[] messages = loop.submit(() -> {
                        int[] perTurn = new int[turn + 1];
                        turnOf.forEach(each -> perTurn[each]++);
                        return perTurn;
                    })
                    .get(60, SECONDS);
            assertThat(Arrays.stream(messages).sum()).isEqualTo(3 * MESSAGES);
            assertThat(Arrays.stream(messages).max().orElseThrow()).isEqualTo(5);
        }
        assertThat(failures).isEmpty();
    }
}
