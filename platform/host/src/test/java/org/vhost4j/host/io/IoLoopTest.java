// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;

class IoLoopTest {
    @Test
    void handlersThatThrowAreReportedAndTheirNeighboursStillServed() throws Exception {
        try (OnLoop on = new OnLoop();
                EventFd bad = EventFd.create();
                EventFd worse = EventFd.create();
                EventFd good = EventFd.create()) {
            BlockingQueue<Integer> served = new LinkedBlockingQueue<>();
            on.run(() -> {
                FdHandle.open(on.loop, bad.fd(), FdHandle.READ_EDGE, events -> {
                    throw new IllegalStateException("bad");
                });
                FdHandle.open(on.loop, worse.fd(), FdHandle.READ_EDGE, events -> {
                    throw new AssertionError("worse");
                });
                return FdHandle.open(on.loop, good.fd(), FdHandle.READ_EDGE, served::add);
            });
            for (int i = 0; i < 100; i++) {
                // In one task, so that all three are in one batch of events.
                on.run(() -> {
                    bad.signal();
                    worse.signal();
                    good.signal();
                    return 0;
                });
                OnLoop.next(served);
                assertThat(OnLoop.next(on.failures)).hasMessage("bad");
                assertThat(OnLoop.next(on.failures)).hasMessage("worse");
            }
            assertThat(on.failures).isEmpty();
        }
    }

    /** As when a listener is out of descriptors: it is quiet for a while, and then accepts again. */
    @Test
    void aHandleThatWasQuietReportsAgain() throws Exception {
        try (OnLoop on = new OnLoop();
                EventFd event = EventFd.create();
                EventFd later = EventFd.create()) {
            BlockingQueue<String> served = new LinkedBlockingQueue<>();
            FdHandle handle = on.run(() -> {
                FdHandle.open(on.loop, later.fd(), FdHandle.READ_EDGE, events -> served.add("later"));
                return FdHandle.open(on.loop, event.fd(), FdHandle.READ_EDGE, events -> served.add("event"));
            });
            for (int i = 0; i < 3; i++) {
                on.run(() -> {
                    handle.interest(FdHandle.QUIET);
                    event.signal();
                    later.signal();
                    return 0;
                });
                assertThat(OnLoop.next(served)).as("while it is quiet").isEqualTo("later");
                on.run(() -> {
                    handle.interest(FdHandle.READ_EDGE);
                    return 0;
                });
                assertThat(OnLoop.next(served)).isEqualTo("event");
            }
            assertThat(served).isEmpty();
            assertThat(on.failures).isEmpty();
        }
    }

    @Test
    void failuresOfTasksAndTimersReachTheListenerOnly() throws Exception {
        try (OnLoop on = new OnLoop()) {
            on.loop.execute(() -> {
                throw new IllegalStateException("task");
            });
            assertThat(OnLoop.next(on.failures)).hasMessage("task");
            var _ = on.loop.schedule(
                    () -> {
                        throw new AssertionError("timer");
                    },
                    1,
                    TimeUnit.MILLISECONDS);
            assertThat(OnLoop.next(on.failures)).hasMessage("timer");
            assertThatThrownBy(() -> on.loop
                            .submit(() -> {
                                throw new IllegalStateException("computed");
                            })
                            .get(60, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .hasRootCauseMessage("computed");
            assertThat(OnLoop.next(on.failures)).hasMessage("computed");
            assertThat(on.run(on.loop::inLoop)).isTrue();
        }
    }

    @Test
    void aClosedHandleIsNotCalledAgainAndItsNumberCanBeReused() throws Exception {
        try (OnLoop on = new OnLoop()) {
            BlockingQueue<String> heard = new LinkedBlockingQueue<>();
            for (int i = 0; i < 50; i++) {
                String name = "handle " + i;
                on.run(() -> {
                    EventFd event = EventFd.create();
                    FdHandle handle =
                            FdHandle.open(on.loop, event.fd(), FdHandle.READ_EDGE, events -> heard.add("closed one"));
                    event.signal();
                    handle.close();
                    handle.close();
                    event.close();
                    return 0;
                });
                EventFd event = EventFd.create();
                FdHandle handle =
                        on.run(() -> FdHandle.open(on.loop, event.fd(), FdHandle.READ_EDGE, events -> heard.add(name)));
                event.signal();
                assertThat(OnLoop.next(heard)).isEqualTo(name);
                on.run(() -> {
                    handle.close();
                    event.close();
                    return 0;
                });
            }
            assertThat(heard).isEmpty();
            assertThat(on.failures).isEmpty();
        }
    }

    @Test
    void closingTheLoopTellsOpenHandles() throws Exception {
        CountDownLatch told = new CountDownLatch(1);
        try (EventFd event = EventFd.create()) {
            try (OnLoop on = new OnLoop()) {
                on.run(() -> FdHandle.open(on.loop, event.fd(), FdHandle.READ, new FdHandle.Handler() {
                    @Override
                    public void ready(int events) {}

                    @Override
                    public void loopClosed() {
                        told.countDown();
                    }
                }));
            }
            assertThat(told.getCount()).isZero();
            assertThat(event.fd().isOpen())
                    .as("its owner closes it, not the loop")
                    .isTrue();
        }
    }

    @Test
    void whatCannotBeWatchedIsRefused(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("regular");
        Files.createFile(file);
        try (OnLoop on = new OnLoop();
                Fd fd = Fd.open(file.toString(), LibC.O_RDWR)) {
            on.run(() -> {
                assertThatThrownBy(() -> FdHandle.open(on.loop, fd, FdHandle.READ, events -> {}))
                        .isInstanceOf(SystemError.class)
                        .hasMessageContaining("cannot watch fd " + fd.number());
                return 0;
            });
            assertThatThrownBy(() -> FdHandle.open(on.loop, fd, FdHandle.READ, events -> {}))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("belongs to the thread of test");
        }
    }
}
