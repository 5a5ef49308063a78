// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.DeviceWrite;
import org.vhost4j.frontend.DirtyLog;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.Ram;
import org.vhost4j.frontend.ReceivedFrame;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.VringAddress;

/** Cases about the course of a migration: logging begins during traffic, is cancelled, begins again, and ends during a burst. */
public final class MigrationCases implements CaseGroup {
    private static final String MIGRATION = "vhost-user, Migration";
    private static final int ATTEMPTS = 20;
    private static final int BURST = 64;
    private static final int LONG_QUEUE = 1024;
    private static final int FETCHED = 500;
    private static final int PIECE = 700;
    private static final int LAST_BUFFER = 1600;
    private static final int USED_HEADER = 4;
    private static final int USED_ELEMENT = 8;

    @Override
    public String title() {
        return "Migration: begin, cancel, begin again, end";
    }

    @Override
    public List<Case> cases() {
        List<Case> all = new ArrayList<>();
        for (Case each : Case.onBoth(
                Case.of(
                                "migration.begin-under-traffic",
                                MIGRATION,
                                "logging begins and ends while rings run, and no frame is lost or duplicated",
                                MigrationCases::underTraffic)
                        .loops(),
                Case.of(
                                "migration.cancel-and-retry",
                                MIGRATION,
                                "after each of %d cancelled migrations the next log is complete".formatted(ATTEMPTS),
                                MigrationCases::cancelAndRetry)
                        .loops(),
                Case.of(
                                "migration.stop-in-burst",
                                "vhost-user, VHOST_USER_GET_VRING_BASE",
                                "when GET_VRING_BASE is answered during a burst, all written pages are marked, and no page is "
                                        + "written afterwards",
                                MigrationCases::stopInBurst)
                        .loops(),
                Case.of(
                                "migration.never-ended",
                                MIGRATION,
                                "a log whose logging was not ended is not written on the next connection",
                                MigrationCases::neverEnded)
                        .loops(),
                Case.of(
                                "log.fetch-and-clear",
                                MIGRATION,
                                "a page is marked after it was written, so that no write is missed by a front-end that keeps "
                                        + "fetching and clearing the log",
                                MigrationCases::fetchAndClear)
                        .loops(),
                Case.of(
                                "log.indirect",
                                MIGRATION,
                                "pages of buffers in indirect tables and in several descriptors are marked",
                                MigrationCases::indirect)
                        .loops(),
                Case.of(
                                "log.last-page",
                                MIGRATION,
                                "the last page of the guest's memory, the last bit of the log, is marked",
                                MigrationCases::lastPage)
                        .loops(),
                Case.of(
                        "log.event-words",
                        MIGRATION,
                        "the page with the device's avail_event or device event suppression structure is marked",
                        MigrationCases::eventWords))) {
            all.add(each.needs(Feature.LOG_ALL).needs(ProtocolFeature.LOG_SHMFD));
        }
        return all;
    }

    private static NetSetup setup(CaseContext context) {
        return context.setup().withProtocol(ProtocolFeature.LOG_SHMFD);
    }

    private static void end(CaseContext context, NetDriver driver, DirtyLog log) {
        context.note("SET_FEATURES without LOG_ALL, SET_VRING_ADDR without VHOST_VRING_F_LOG");
        log.end(driver);
        driver.frontEnd().barrier();
    }

    private static List<byte[]> burst(CaseContext context, NetDriver driver, int frames) {
        List<byte[]> sent = new ArrayList<>();
        for (int i = 0; i < frames; i++) {
            sent.add(context.datagram(100 + 10 * i).complete());
        }
        context.note("a burst of %d frames", frames);
        driver.sendBurst(0, sent, DriverHeader.PLAIN, ChainShape.TOGETHER);
        return sent;
    }

    private static void underTraffic(CaseContext context) {
        NetDriver driver = context.attach(setup(context));
        // As many frames as the driver has buffers, so that a burst is in progress when logging begins.
        for (int i = 0; i < ATTEMPTS; i++) {
            List<byte[]> before = burst(context, driver, BURST / 4);
            DirtyLog log = DirtyLogging.begin(context, driver);
            before.forEach(frame -> context.expect(frame, context.receive(driver)));
            List<byte[]> during = burst(context, driver, BURST / 4);
            end(context, driver, log);
            during.forEach(frame -> context.expect(frame, context.receive(driver)));
        }
        Optional<ReceivedFrame> more = context.receive(driver, context.quiet());
        context.require(more.isEmpty(), "one more frame than were sent");
    }

    private static void cancelAndRetry(CaseContext context) {
        NetDriver driver = context.attach(setup(context));
        for (int i = 0; i < ATTEMPTS; i++) {
            DirtyLog log = DirtyLogging.begin(context, driver);
            driver.recordWrites();
            for (int frame = 0; frame < 5; frame++) {
                context.exchange(driver, 100 + 30 * frame);
            }
            driver.awaitSent();
            DirtyLogging.requireWhole(context, driver, log);
            end(context, driver, log);
            context.exchange(driver, 500);
        }
    }

    private static void stopInBurst(CaseContext context) {
        for (int i = 0; i < ATTEMPTS / 2; i++) {
            NetDriver driver = context.attach(setup(context));
            DirtyLog log = DirtyLogging.begin(context, driver);
            driver.recordWrites();
            driver.repost(0, false);
            burst(context, driver, BURST / 4);
            context.note("GET_VRING_BASE for each queue");
            // The positions are checked by ring.base.
            driver.queues().forEach(queue -> queue.stop(driver.frontEnd()));
            byte[] then = memory(driver);
            boolean unused = context.await(context.quiet(), () -> false);
            int changed = Arrays.mismatch(then, memory(driver));
            context.require(changed < 0, "byte 0x%x of memory changed after all rings had stopped", changed);
            while (driver.poll(0).isPresent()) {
                // Polling records which buffers the device wrote.
            }
            DirtyLogging.requireWhole(context, driver, log);
            // The back-end may serve only one connection at a time.
            driver.close();
        }
    }

    private static byte[] memory(NetDriver driver) {
        return driver.ram().memory().segment().toArray(ValueLayout.JAVA_BYTE);
    }

    private static void neverEnded(CaseContext context) {
        NetDriver first = context.attach(setup(context));
        DirtyLog log = DirtyLogging.begin(context, first);
        context.exchange(first, 300);
        context.note("stopping the rings and closing the connection, without ending the logging");
        first.queues().forEach(queue -> queue.stop(first.frontEnd()));
        first.close();
        NetDriver next = context.attach(setup(context));
        log.clear();
        context.exchange(next, 300);
        next.awaitSent();
        List<Long> marked = log.pages();
        context.require(marked.isEmpty(), "%d pages were marked in the log of an earlier connection", marked.size());
    }

    /** Copies marked pages as a migration does: each page is read after its mark was cleared. */
    private static void fetchAndClear(CaseContext context) {
        NetDriver driver = context.attach(setup(context));
        DirtyLog log = DirtyLogging.begin(context, driver);
        DriverMemory memory = driver.ram().memory();
        long base = driver.ram().guestAddress();
        byte[] copy = memory(driver);
        ReentrantLock lock = new ReentrantLock(true);
        AtomicBoolean over = new AtomicBoolean();
        Thread fetching = Thread.ofPlatform().daemon().start(() -> {
            while (!over.get()) {
                lock.lock();
                try {
                    log.take(page ->
                            memory.read(page, copy, Math.toIntExact(page - base), Math.toIntExact(DirtyLog.PAGE)));
                } finally {
                    lock.unlock();
                }
            }
        });
        try {
            context.note("%d frames, while the log is fetched and cleared repeatedly", FETCHED);
            for (int i = 0; i < FETCHED; i++) {
                driver.recordWrites();
                byte[] frame = context.datagram(64 + i % 1400).complete();
                driver.send(frame);
                context.expect(frame, context.receive(driver));
                // Marks may come shortly after the ring's update; the ring's own pages are not checked.
                List<DeviceWrite> written = driver.receivedWrites();
                boolean whole = context.await(context.quiet(), () -> {
                    lock.lock();
                    try {
                        return written.stream().allMatch(each -> fetchedOrMarked(log, memory, copy, base, each));
                    } finally {
                        lock.unlock();
                    }
                });
                context.require(
                        whole, "a page of %s was fetched before the write, and is not marked after it", written);
            }
        } finally {
            over.set(true);
            join(fetching);
        }
    }

    private static boolean fetchedOrMarked(
            DirtyLog log, DriverMemory memory, byte[] copy, long base, DeviceWrite write) {
        for (int i = 0; i < write.bytes(); i++) {
            long at = write.address() + i;
            if (memory.get8(at) != (copy[Math.toIntExact(at - base)] & 0xff) && !log.marked(at)) {
                return false;
            }
        }
        return true;
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void indirect(CaseContext context) {
        NetDriver driver = context.attach(
                setup(context).receive(ChainShape.pieces(PIECE).inTable(), NetSetup.PLAIN_FRAME_BYTES, BURST));
        DirtyLog log = DirtyLogging.begin(context, driver);
        driver.recordWrites();
        for (int i = 0; i < BURST; i++) {
            context.exchange(driver, 1400 - i);
        }
        driver.awaitSent();
        DirtyLogging.requireWhole(context, driver, log);
    }

    private static void lastPage(CaseContext context) {
        NetDriver driver = context.attach(setup(context).receive(ChainShape.TOGETHER, NetSetup.PLAIN_FRAME_BYTES, 0));
        DirtyLog log = DirtyLogging.begin(context, driver);
        long buffer = driver.ram().guestAddress() + driver.ram().bytes() - LAST_BUFFER;
        RingDriver ring = driver.receiveQueue(0).ring();
        ring.begin();
        ring.writable(buffer, LAST_BUFFER).offer();
        driver.receiveQueue(0).publish();
        context.note("a receive buffer at the end of memory, a frame");
        TransmitBuffer.of(context, driver).send(1);
        context.require(context.await(context.patience(), ring::hasUsed), "the frame was not received");
        context.require(log.marked(buffer), "the last page, 0x%x, is not marked", buffer & -DirtyLog.PAGE);
    }

    private static void eventWords(CaseContext context) {
        NetDriver driver = context.attach(setup(context).queues(1, LONG_QUEUE));
        DirtyLog log = DirtyLogging.begin(context, driver);
        RingDriver ring = driver.transmitQueue(0).ring();
        // After the used ring; for a packed ring a separate area.
        long word = context.packed()
                ? ring.usedAddress()
                : ring.usedAddress() + USED_HEADER + (long) USED_ELEMENT * LONG_QUEUE;
        int bytes = context.packed() ? Integer.BYTES : Short.BYTES;
        if (context.packed()) {
            // QEMU's log address is that of the device event suppression structure, which the protocol does not define.
            Ram ram = driver.ram();
            driver.frontEnd()
                    .setVringAddr(new VringAddress(
                            driver.transmitQueue(0).index(),
                            VringAddress.LOG,
                            ram.toUser(ring.descAddress()),
                            ram.toUser(ring.usedAddress()),
                            ram.toUser(ring.availAddress()),
                            ring.usedAddress()));
        }
        log.clear();
        byte[] before = driver.ram().memory().read(word, bytes);
        for (int i = 0; i < 5; i++) {
            TransmitBuffer.of(context, driver).send(5);
        }
        driver.frontEnd().barrier();
        byte[] after = driver.ram().memory().read(word, bytes);
        context.note("the device wrote %s, where %s was before", Arrays.toString(after), Arrays.toString(before));
        context.require(
                Arrays.equals(before, after) || context.await(context.quiet(), () -> log.marked(word)),
                "page 0x%x with the device's event index or event suppression structure is not marked",
                word & -DirtyLog.PAGE);
    }
}
