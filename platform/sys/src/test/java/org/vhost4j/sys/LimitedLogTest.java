// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests that a blocked stream delays no writer, and that a bounded number of lines is lost. */
@Timeout(300)
class LimitedLogTest {
    private static final long PATIENCE_MILLIS = 20_000;
    private static final LimitedLog.Limits FEW = new LimitedLog.Limits(10, 1000, 5, 10);

    private final AtomicLong clock = new AtomicLong();
    private final StandingStill out = new StandingStill();

    /** A stream whose writes block until it is released. */
    private static final class StandingStill extends OutputStream {
        private final CountDownLatch entered = new CountDownLatch(1);
        private final CountDownLatch released = new CountDownLatch(1);
        private final ByteArrayOutputStream text = new ByteArrayOutputStream();

        @Override
        public void write(int value) {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            entered.countDown();
            try {
                released.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            text.write(bytes, offset, length);
        }

        List<String> lines() {
            return text.toString(StandardCharsets.UTF_8).lines().toList();
        }
    }

    private LimitedLog log(LimitedLog.Limits limits) {
        return new LimitedLog(out, "test-log", limits, clock::get);
    }

    @Test
    void linesBeyondThoseThatWaitAreCounted() throws InterruptedException {
        LimitedLog log = log(FEW);
        log.line("first");
        // From now on the stream has the first line and takes no other.
        out.entered.await();
        IntStream.range(0, 400_000).forEach(i -> log.line("line " + i));
        out.released.countDown();
        log.close(PATIENCE_MILLIS);
        assertThat(out.lines())
                .hasSize(12)
                .startsWith("first", "line 0")
                .endsWith("line 9", "399990 lines left out here: this output is not read as fast as it is written");
    }

    @Test
    void charactersThatWaitAreBoundedToo() throws InterruptedException {
        LimitedLog log = log(FEW);
        log.line("first");
        out.entered.await();
        for (int i = 0; i < 3; i++) {
            log.line("x".repeat(400));
        }
        log.line("short");
        out.released.countDown();
        log.close(PATIENCE_MILLIS);
        // What was left out stands where it was left out.
        assertThat(out.lines())
                .containsExactly(
                        "first",
                        "x".repeat(400),
                        "x".repeat(400),
                        "1 lines left out here: this output is not read as fast as it is written",
                        "short");
    }

    @Test
    void oneSourceDoesNotSpendTheBudgetOfAnother() {
        out.released.countDown();
        LimitedLog log = log(new LimitedLog.Limits(1000, 10_000, 5, 10));
        IntStream.range(0, 100).forEach(i -> log.line("guest0", "guest0: line " + i));
        log.line("guest1", "guest1: line");
        log.line("vhost4j: line");
        log.close(PATIENCE_MILLIS);
        assertThat(out.lines())
                .containsExactly(
                        "guest0: line 0",
                        "guest0: line 1",
                        "guest0: line 2",
                        "guest0: line 3",
                        "guest0: line 4",
                        "guest1: line",
                        "vhost4j: line",
                        "guest0: 95 lines left out: more than 10 a second");
    }

    @Test
    void whatABudgetLeftOutIsToldWithoutAnotherLine() throws InterruptedException {
        BlockingQueue<String> lines = new LinkedBlockingQueue<>();
        OutputStream stream = new OutputStream() {
            @Override
            public void write(int value) {
                throw new AssertionError("written as a whole");
            }

            @Override
            public void write(byte[] bytes) {
                new String(bytes, StandardCharsets.UTF_8).lines().forEach(lines::add);
            }
        };
        try (LimitedLog log = new LimitedLog(stream, "test-log", FEW, clock::get)) {
            IntStream.range(0, 7).forEach(i -> log.line("guest0", "line " + i));
            for (int i = 0; i < 5; i++) {
                assertThat(lines.take()).isEqualTo("line " + i);
            }
            clock.addAndGet(LineBudget.SECOND);
            assertThat(lines.take()).isEqualTo("guest0: 2 lines left out: more than 10 a second");
        }
    }

    @Test
    void aStreamThatStandsStillDoesNotHoldUpTheEnd() throws InterruptedException {
        LimitedLog log = log(FEW);
        log.line("first");
        out.entered.await();
        log.close(1);
        log.line("too late");
        assertThat(out.lines()).isEmpty();
        out.released.countDown();
    }

    @Test
    void anErrorLosesOnlyWhatItIsAbout() throws InterruptedException {
        CountDownLatch failed = new CountDownLatch(1);
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        OutputStream full = new OutputStream() {
            @Override
            public void write(int value) throws IOException {
                if (failed.getCount() > 0) {
                    failed.countDown();
                    throw new IOException("No space left on device");
                }
                text.write(value);
            }
        };
        LimitedLog log = new LimitedLog(full, "test-log", FEW, clock::get);
        log.line("lost");
        failed.await();
        log.line("kept");
        log.close(PATIENCE_MILLIS);
        assertThat(text.toString(StandardCharsets.UTF_8)).isEqualTo("kept\n");
    }

    @Test
    void aLineIsOneLineAndHasALimit() {
        out.released.countDown();
        LimitedLog log = log(new LimitedLog.Limits(10, 10_000, 5, 10));
        log.line("a\nb\r\nc");
        log.line("x".repeat(5000));
        log.close(PATIENCE_MILLIS);
        assertThat(out.lines()).containsExactly("a b  c", "x".repeat(4096) + " ...");
    }

    @Test
    void bytesBecomeLines() {
        out.released.countDown();
        LimitedLog log = log(new LimitedLog.Limits(100, 100_000, 5, 10));
        PrintStream stream = LineStream.to(log, "libraries");
        stream.print("one ");
        stream.println("line, ä");
        stream.print("y".repeat(5000));
        stream.println();
        for (int i = 0; i < 9; i++) {
            stream.println(i);
        }
        log.close(PATIENCE_MILLIS);
        assertThat(out.lines())
                .containsExactly(
                        "one line, ä",
                        "y".repeat(4096),
                        "y".repeat(904),
                        "0",
                        "1",
                        "libraries: 7 lines left out: more than 10 a second");
    }
}
