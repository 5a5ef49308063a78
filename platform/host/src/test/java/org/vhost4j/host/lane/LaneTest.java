// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.vhost4j.host.io.FdHandle;
import org.vhost4j.sys.Allocations;
import org.vhost4j.sys.Await;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.OpenDescriptors;

class LaneTest {
    private final Recording heard = new Recording();

    private static <T> T on(Lane lane, java.util.concurrent.Callable<T> task) {
        try {
            return lane.submit(task).get(60, SECONDS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static void add(Lane lane, Counting... pollables) {
        on(lane, () -> {
            for (Counting pollable : pollables) {
                lane.add(pollable);
            }
            return 0;
        });
    }

    @Test
    void pollsWhatItOwnsUntilItIsRemoved() {
        Counting pollable = new Counting("p", () -> 1);
        try (Lane lane = Lane.start("test", IdlePolicy.POLLING, heard)) {
            add(lane, pollable);
            pollable.awaitPolls(10_000);
            assertThat(on(lane, () -> lane.remove(pollable))).isTrue();
            long then = pollable.polls.get();
            assertThat(on(lane, () -> lane.remove(pollable))).isFalse();
            assertThat(pollable.polls.get()).isEqualTo(then);
        }
        assertThat(heard.faults).isEmpty();
        assertThat(heard.failures).isEmpty();
    }

    @Test
    void onlyTheLanesThreadAddsAndRemoves() {
        Counting pollable = new Counting("p", () -> 0);
        try (Lane lane = Lane.start("test", IdlePolicy.EVENT_DRIVEN, heard)) {
            assertThatThrownBy(() -> lane.add(pollable)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> lane.remove(pollable)).isInstanceOf(IllegalStateException.class);
            add(lane, pollable);
            assertThatThrownBy(() -> lane.submit(() -> {
                                lane.add(pollable);
                                return 0;
                            })
                            .get(60, SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .hasRootCauseMessage("p is on this lane already");
        }
    }

    @Test
    void sleepsWhenIdleAndEveryKickWakesItAlthoughNoneIsRead() throws Exception {
        AtomicInteger posted = new AtomicInteger();
        AtomicInteger taken = new AtomicInteger();
        CountDownLatch[] done = new CountDownLatch[1000];
        for (int i = 0; i < done.length; i++) {
            done[i] = new CountDownLatch(1);
        }
        Counting ring = new Counting("ring", () -> {
            if (taken.get() == posted.get()) {
                return 0;
            }
            done[taken.getAndIncrement()].countDown();
            return 1;
        });
        for (IdlePolicy policy : new IdlePolicy[] {IdlePolicy.EVENT_DRIVEN, IdlePolicy.ADAPTIVE}) {
            posted.set(0);
            taken.set(0);
            for (int i = 0; i < done.length; i++) {
                done[i] = new CountDownLatch(1);
            }
            try (EventFd kick = EventFd.create();
                    Lane lane = Lane.start("test", policy, heard)) {
                add(lane, ring);
                on(lane, () -> lane.wakeOn(kick, () -> {}));
                for (CountDownLatch each : done) {
                    posted.incrementAndGet();
                    kick.signal();
                    assertThat(each.await(60, SECONDS)).isTrue();
                }
                // It may have spun through all of them; now there is nothing more to wait for.
                Await.until("the lane sleeps", () -> lane.sleeps() > 0);
                assertThat(kick.drain()).as("the lane reads no kick").isEqualTo(done.length);
            }
        }
        assertThat(heard.failures).isEmpty();
    }

    @Test
    void armsAgainWhenAPollableHasMoreToBeWokenFor() {
        Counting pollable = new Counting("p", () -> 0);
        try (Lane lane = Lane.start("test", IdlePolicy.EVENT_DRIVEN, heard)) {
            add(lane, pollable);
            pollable.awaitArms(1);
            // The lane may have slept already when the pollable came.
            long before = pollable.disarms.get();
            on(lane, () -> {
                lane.rearm();
                return 0;
            });
            pollable.awaitArms(2);
            assertThat(pollable.disarms.get()).isEqualTo(before + 1);
        }
    }

    @Test
    void armsBeforeSleepingAndDisarmsWhenThereIsWork() throws Exception {
        AtomicInteger work = new AtomicInteger();
        CountDownLatch done = new CountDownLatch(1);
        Counting ring = new Counting("ring", () -> {
            if (work.getAndSet(0) == 0) {
                return 0;
            }
            done.countDown();
            return 1;
        });
        CountDownLatch armed = new CountDownLatch(1);
        Counting last = new Counting("last", () -> 0) {
            @Override
            public boolean arm() {
                super.arm();
                armed.countDown();
                return false;
            }
        };
        try (EventFd kick = EventFd.create();
                Lane lane = Lane.start("test", IdlePolicy.EVENT_DRIVEN, heard)) {
            on(lane, () -> lane.wakeOn(kick, () -> {}));
            add(lane, ring, last);
            assertThat(armed.await(60, SECONDS)).isTrue();
            work.set(1);
            kick.signal();
            assertThat(done.await(60, SECONDS)).isTrue();
            assertThat(on(lane, () -> ring.disarms.get())).isPositive();
        }
    }

    @Test
    void workThatComesUpWhileArmingIsDoneBeforeSleeping() throws Exception {
        AtomicInteger work = new AtomicInteger();
        CountDownLatch done = new CountDownLatch(1);
        // There is no kick for this work: only the look after the fence can find it.
        Counting ring =
                new Counting("ring", () -> {
                    if (work.getAndSet(0) == 0) {
                        return 0;
                    }
                    done.countDown();
                    return 1;
                }) {
                    @Override
                    public boolean arm() {
                        super.arm();
                        if (arms.get() == 1) {
                            work.set(1);
                        }
                        return false;
                    }
                };
        try (Lane lane = Lane.start("test", IdlePolicy.EVENT_DRIVEN, heard)) {
            add(lane, ring);
            assertThat(done.await(60, SECONDS)).isTrue();
        }
    }

    @Test
    void tasksAndTimersRunHoweverHotTheLaneIs() throws Exception {
        Counting hot = new Counting("hot", () -> 1);
        try (Lane lane = Lane.start("test", IdlePolicy.POLLING, heard)) {
            add(lane, hot);
            assertThat(on(lane, lane::inLane)).isTrue();
            CompletableFuture<Boolean> rang = new CompletableFuture<>();
            var _ = lane.loop().schedule(() -> rang.complete(lane.inLane()), 1, TimeUnit.MILLISECONDS);
            assertThat(rang.get(60, SECONDS)).isTrue();
        }
    }

    @Test
    void descriptorsAreServedHoweverHotTheLaneIs() throws Exception {
        Counting hot = new Counting("hot", () -> 1);
        CountDownLatch seen = new CountDownLatch(1);
        try (EventFd event = EventFd.create();
                Lane lane = Lane.start("test", IdlePolicy.POLLING, heard)) {
            add(lane, hot);
            on(lane, () -> FdHandle.open(lane.loop(), event.fd(), FdHandle.READ_EDGE, events -> seen.countDown()));
            event.signal();
            assertThat(seen.await(60, SECONDS)).isTrue();
        }
    }

    @Test
    void aTaskThatThrowsIsReportedAndChangesNothing() throws Exception {
        Counting pollable = new Counting("p", () -> 1);
        try (Lane lane = Lane.start("test", IdlePolicy.ADAPTIVE, heard)) {
            add(lane, pollable);
            lane.execute(() -> {
                throw new IllegalStateException("first");
            });
            lane.execute(() -> {
                throw new AssertionError("second");
            });
            assertThat(heard.failures.poll(60, SECONDS)).hasMessage("first");
            assertThat(heard.failures.poll(60, SECONDS)).hasMessage("second");
            pollable.awaitPolls(1000);
        }
        assertThat(heard.faults).isEmpty();
    }

    @Test
    void aTurnAllocatesNothing() {
        Counting[] some = {new Counting("a", () -> 1), new Counting("b", () -> 0), new Counting("c", () -> 1)};
        try (Lane lane = Lane.start("test", IdlePolicy.POLLING, heard)) {
            add(lane, some);
            long thread = on(lane, () -> Thread.currentThread().threadId());
            Allocations.assertNoneWhenWarm(thread, () -> some[0].awaitPolls(100_000));
        }
    }

    @Test
    void closingEndsTheThreadAndLeavesNoDescriptor() throws Exception {
        Lane first = Lane.start("warm", IdlePolicy.EVENT_DRIVEN, heard);
        first.close();
        OpenDescriptors before = OpenDescriptors.now();
        for (IdlePolicy policy : new IdlePolicy[] {IdlePolicy.EVENT_DRIVEN, IdlePolicy.ADAPTIVE, IdlePolicy.POLLING}) {
            Lane lane = Lane.start("test", policy, heard);
            add(lane, new Counting("hot", () -> 1));
            Thread thread = on(lane, Thread::currentThread);
            assertThatThrownBy(() -> lane.submit(() -> {
                                lane.close();
                                return 0;
                            })
                            .get(60, SECONDS))
                    .hasRootCauseInstanceOf(IllegalStateException.class);
            lane.close();
            lane.close();
            thread.join(60_000);
            assertThat(thread.isAlive()).isFalse();
            assertThatThrownBy(() -> lane.execute(() -> {}))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("test is closed");
        }
        before.awaitNoOthers();
    }
}
