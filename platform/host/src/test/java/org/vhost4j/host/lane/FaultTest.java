// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntSupplier;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.vhost4j.host.io.FdHandle;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MappedFile;
import org.vhost4j.sys.MemFd;

/**
 * Tests faults of one pollable, such as memory that is unmapped while in use: only the pollable with the fault is
 * stopped.
 */
class FaultTest {
    private static final int BYTES = 1 << 20;
    /** Polls before the accident, enough for the hot path to be compiled by C2. */
    private static final int HOT = 60_000;

    private final Recording heard = new Recording();

    /**
     * The atomic access to the dirty log, in a class of its own because an enum's constants are initialized before its
     * fields.
     */
    private static final class Log {
        static final VarHandle WORD = ValueLayout.JAVA_INT.varHandle();
    }

    /** What a poll does with the memory; the JVM handles each of them differently. */
    @SuppressWarnings("ImmutableEnumChecker") // stateless functions, which the checker cannot see
    enum Access {
        READS(Access::sum),
        WRITES(s -> {
            for (int i = 0; i < 64; i++) {
                s.set(ValueLayout.JAVA_INT, offset(i), i);
            }
            return 1;
        }),
        PUBLISHES(s -> {
            VarHandle.releaseFence();
            s.set(ValueLayout.JAVA_SHORT, BYTES - 2, (short) 7);
            return 1;
        }),
        COPIES(s -> {
            MemorySegment.copy(s, 0, s, BYTES / 2, BYTES / 4);
            return 1;
        }),
        FILLS(s -> {
            s.asSlice(BYTES - 8192, 8192).fill((byte) 1);
            return 1;
        }),
        MARKS_THE_LOG(s -> {
            var _ = (int) Log.WORD.getAndBitwiseOr(s, (long) BYTES - 4, 0x10);
            return 1;
        });

        private final ToIntFunction<MemorySegment> work;

        Access(ToIntFunction<MemorySegment> work) {
            this.work = work;
        }

        private static int sum(MemorySegment s) {
            int sum = 0;
            for (int i = 0; i < 64; i++) {
                sum += s.get(ValueLayout.JAVA_INT, offset(i));
            }
            return (sum & 1) | 1;
        }

        private static long offset(int i) {
            return BYTES - 4096L * (1 + i % 4) + 4L * i;
        }
    }

    /** A pollable that reads a mapped file which another owner truncates. */
    private static final class Guest extends Counting implements AutoCloseable {
        final Fd file;
        final MappedFile memory;

        Guest(String name, Fd file, MappedFile memory, IntSupplier work) {
            super(name, work);
            this.file = file;
            this.memory = memory;
        }

        static Guest over(String name, ToIntFunction<MemorySegment> work) {
            Fd file = MemFd.create(name, BYTES);
            MappedFile memory = MappedFile.map(file, 0, BYTES, name);
            return new Guest(name, file, memory, () -> work.applyAsInt(memory.segment()));
        }

        void touch() {
            assertThat(Access.sum(memory.segment())).isNotNegative();
        }

        void shorten() {
            MemFd.resize(file, 4096);
        }

        @Override
        public boolean intact() {
            return memory.intact();
        }

        @Override
        public void close() {
            memory.close();
            file.close();
        }
    }

    private static void add(Lane lane, Counting... pollables) throws Exception {
        lane.submit(() -> {
                    for (Counting pollable : pollables) {
                        lane.add(pollable);
                    }
                    return 0;
                })
                .get(60, SECONDS);
    }

    @ParameterizedTest
    @EnumSource
    void memoryThatVanishesStopsItsGuestOnly(Access access) throws Exception {
        // Later rounds meet code that C2 compiled in the first; the very first poll of the process is interpreted.
        for (int round = 0; round < 4; round++) {
            int hot = access == Access.COPIES ? HOT / 20 : HOT;
            Counting before = new Counting("before", () -> 1);
            Counting after = new Counting("after", () -> 1);
            try (Guest guest = Guest.over("guest" + round, access.work);
                    Lane lane = Lane.start("test", IdlePolicy.POLLING, heard)) {
                add(lane, before, guest, after);
                guest.awaitPolls(round == 0 ? 1 : hot);
                guest.shorten();
                assertThat(guest.awaitFault()).contains("its memory is gone");
                assertThat(heard.faults.poll(60, SECONDS)).startsWith("guest" + round + ": its memory is gone");
                long stopped = guest.polls.get();
                before.awaitPolls(1000);
                after.awaitPolls(1000);
                assertThat(guest.polls.get()).isEqualTo(stopped);
                assertThat(lane.submit(lane::faults).get(60, SECONDS)).isEqualTo(1);
            }
        }
        assertThat(heard.faults).isEmpty();
        assertThat(heard.failures).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(names = {"READS", "WRITES", "PUBLISHES"})
    void anUnclaimedLossStopsThePollableAtWork(Access access) throws Exception {
        for (int round = 0; round < 4; round++) {
            try (Guest owner = Guest.over("owner", s -> 0);
                    Lane lane = Lane.start("test", IdlePolicy.POLLING, heard)) {
                Counting before = new Counting("before", () -> 1);
                Counting user = new Counting("user", () -> access.work.applyAsInt(owner.memory.segment()));
                Counting after = new Counting("after", () -> 1);
                add(lane, before, user, after);
                user.awaitPolls(HOT);
                owner.shorten();
                assertThat(user.awaitFault()).startsWith("memory that it works on is gone");
                before.awaitPolls(1000);
                after.awaitPolls(1000);
            }
        }
        assertThat(heard.faults).hasSize(4).allMatch(fault -> fault.startsWith("user: "));
        assertThat(heard.failures).isEmpty();
    }

    @Test
    void theReceiverIsBlamedWhenItsMemoryVanishesUnderTheSendersHands() throws Exception {
        for (int round = 0; round < 3; round++) {
            try (Guest receiver = Guest.over("receiver", s -> 0);
                    Guest sender = Guest.over("sender", s -> {
                        MemorySegment.copy(s, 0, receiver.memory.segment(), BYTES - 4096, 1500);
                        return Access.sum(receiver.memory.segment());
                    });
                    Lane lane = Lane.start("test", IdlePolicy.POLLING, heard)) {
                AtomicBoolean linked = new AtomicBoolean(true);
                Counting wire = new Counting("wire", () -> linked.get() ? sender.poll() : 1) {
                    @Override
                    public boolean intact() {
                        return sender.intact();
                    }
                };
                add(lane, wire, receiver);
                wire.awaitPolls(HOT);
                var _ = receiver.fault.thenRun(() -> linked.set(false));
                receiver.shorten();
                assertThat(receiver.awaitFault()).contains("its memory is gone");
                wire.awaitPolls(1000);
                assertThat(wire.fault).isNotDone();
                assertThat(heard.faults.poll(60, SECONDS)).startsWith("receiver: ");
            }
        }
        assertThat(heard.faults).isEmpty();
        assertThat(heard.failures).isEmpty();
    }

    @Test
    void memoryThatATaskOrAHandlerMissesIsItsGuestsFaultToo() throws Exception {
        try (EventFd event = EventFd.create();
                Guest first = Guest.over("first", s -> 0);
                Guest second = Guest.over("second", s -> 0);
                Lane lane = Lane.start("test", IdlePolicy.EVENT_DRIVEN, heard)) {
            add(lane, first, second);
            first.shorten();
            lane.execute(first::touch);
            assertThat(first.awaitFault()).contains("its memory is gone");
            // The lane may still be asking who else is concerned.
            lane.submit(() -> 0).get(60, SECONDS);
            second.shorten();
            lane.submit(() -> FdHandle.open(lane.loop(), event.fd(), FdHandle.READ_EDGE, events -> second.touch()))
                    .get(60, SECONDS);
            event.signal();
            assertThat(second.awaitFault()).contains("its memory is gone");
            assertThat(lane.submit(() -> 42).get(60, SECONDS)).isEqualTo(42);
        }
        assertThat(heard.failures).isEmpty();
    }

    @Test
    void anyExceptionStopsOnlyTheOneThatThrew() throws Exception {
        AtomicBoolean broken = new AtomicBoolean();
        Counting bad = new Counting("bad", () -> {
            if (broken.get()) {
                throw new ArrayIndexOutOfBoundsException("7 of 3");
            }
            return 0;
        });
        Counting good = new Counting("good", () -> 1);
        try (Lane lane = Lane.start("test", IdlePolicy.POLLING, heard)) {
            add(lane, bad, good);
            good.awaitPolls(1000);
            broken.set(true);
            assertThat(bad.awaitFault())
                    .isEqualTo("an internal error: java.lang.ArrayIndexOutOfBoundsException: 7 of 3");
            good.awaitPolls(1000);
        }
        assertThat(heard.failures).isEmpty();
    }

    @Test
    void aPollableThatBreaksInEveryMethodCannotStopTheLane() throws Exception {
        Counting bad = new Counting("bad", () -> 0) {
            @Override
            public boolean arm() {
                throw new StackOverflowError("arm");
            }

            @Override
            public void fault(String reason) {
                super.fault(reason);
                throw new IllegalStateException("fault");
            }
        };
        CountDownLatch armed = new CountDownLatch(1);
        Counting good = new Counting("good", () -> 0) {
            @Override
            public boolean arm() {
                armed.countDown();
                return false;
            }
        };
        try (Lane lane = Lane.start("test", IdlePolicy.EVENT_DRIVEN, heard)) {
            add(lane, bad, good);
            assertThat(bad.awaitFault()).contains("StackOverflowError");
            assertThat(armed.await(60, SECONDS)).isTrue();
            assertThat(heard.failures.poll(60, SECONDS)).hasMessage("fault");
            assertThat(lane.submit(() -> 42).get(60, SECONDS)).isEqualTo(42);
        }
    }

    @Test
    void aListenerThatThrowsCannotStopTheLane() throws Exception {
        LaneListener broken = new LaneListener() {
            @Override
            public void faulted(org.vhost4j.device.Pollable pollable, String reason, Throwable cause) {
                throw new IllegalStateException("faulted");
            }

            @Override
            public void failed(Throwable cause) {
                throw new IllegalStateException("failed");
            }
        };
        Counting bad = new Counting("bad", () -> {
            throw new IllegalStateException("poll");
        });
        try (Lane lane = Lane.start("test", IdlePolicy.POLLING, broken)) {
            add(lane, bad);
            assertThat(bad.awaitFault()).contains("poll");
            lane.execute(() -> {
                throw new IllegalStateException("task");
            });
            assertThat(lane.submit(() -> 42).get(60, SECONDS)).isEqualTo(42);
        }
    }
}
