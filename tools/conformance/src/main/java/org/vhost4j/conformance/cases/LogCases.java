// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.ArrayList;
import java.util.List;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.DirtyLog;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Cases about the dirty log, on which live migration relies. */
public final class LogCases implements CaseGroup {
    private static final String MIGRATION = "vhost-user, Migration";
    private static final int BUFFERS = 24;

    @Override
    public String title() {
        return "Migration: the dirty log";
    }

    @Override
    public List<Case> cases() {
        List<Case> all = new ArrayList<>();
        for (Case each : Case.onBoth(
                Case.of(
                                "log.receive-buffers",
                                MIGRATION,
                                "every written page of a receive buffer is marked in the log",
                                LogCases::receiveBuffers)
                        .loops(),
                Case.of(
                        "log.used-ring",
                        MIGRATION,
                        "with VHOST_VRING_F_LOG the used ring's page is marked at its log address",
                        LogCases::usedRing),
                Case.of(
                                "log.complete",
                                MIGRATION,
                                "during traffic every page that was written since the log was read is marked again",
                                LogCases::complete)
                        .loops(),
                Case.of(
                                "log.replaced",
                                MIGRATION,
                                "a log that replaces another while rings run is used immediately",
                                LogCases::replaced)
                        .loops(),
                Case.of(
                                "log.signal",
                                "vhost-user, VHOST_USER_SET_LOG_FD",
                                "the descriptor of SET_LOG_FD is accepted, and signalled only while writes are logged",
                                LogCases::signal)
                        .loops())) {
            all.add(each.needs(Feature.LOG_ALL).needs(ProtocolFeature.LOG_SHMFD));
        }
        return all;
    }

    private static NetDriver attach(CaseContext context, int receiveBuffers) {
        return context.attach(context.setup()
                .withProtocol(ProtocolFeature.LOG_SHMFD)
                .receive(ChainShape.TOGETHER, NetSetup.PLAIN_FRAME_BYTES, receiveBuffers));
    }

    /** Posts buffers that begin at odd offsets in their pages, sends as many frames, and checks every used buffer. */
    private static void receiveAndLook(CaseContext context, NetDriver driver, DirtyLog log) {
        FrontEndQueue queue = driver.receiveQueue(0);
        DriverMemory memory = driver.ram().memory();
        long[] addresses = new long[queue.ring().size()];
        for (int i = 0; i < BUFFERS; i++) {
            // Nearly every buffer extends into a second page.
            long address = memory.allocate(2 * DirtyLog.PAGE, DirtyLog.PAGE) + DirtyLog.PAGE - 37L * (i + 1);
            queue.ring().begin();
            int id = queue.ring().writable(address, 1600).offer();
            addresses[id] = address;
        }
        queue.publish();
        context.note("%d receive buffers that cross a page boundary, %d frames", BUFFERS, BUFFERS);
        TransmitBuffer.of(context, driver).send(BUFFERS);
        RingDriver ring = queue.ring();
        for (int i = 0; i < BUFFERS; i++) {
            context.require(context.await(context.patience(), ring::hasUsed), "%d frames instead of %d", i, BUFFERS);
            ring.collect();
            long address = addresses[ring.usedId()];
            List<Long> unmarked = log.unmarked(address, ring.usedLength());
            context.require(
                    unmarked.isEmpty(),
                    "page 0x%x is not marked, although %d bytes were written at 0x%x",
                    unmarked.isEmpty() ? 0 : unmarked.getFirst(),
                    ring.usedLength(),
                    address);
        }
    }

    private static void receiveBuffers(CaseContext context) {
        NetDriver driver = attach(context, 0);
        receiveAndLook(context, driver, DirtyLogging.begin(context, driver));
    }

    private static void complete(CaseContext context) {
        NetDriver driver = attach(context, 256);
        context.exchange(driver, 100);
        DirtyLog log = DirtyLogging.begin(context, driver);
        for (int round = 0; round < 5; round++) {
            driver.recordWrites();
            for (int i = 0; i < 40; i++) {
                context.exchange(driver, 100 + 30 * i);
            }
            driver.awaitSent();
            // The device marks the pages that it wrote after it publishes the used buffers.
            driver.frontEnd().barrier();
            DirtyLogging.requireWhole(context, driver, log);
            log.clear();
        }
    }

    private static void usedRing(CaseContext context) {
        NetDriver driver = attach(context, 0);
        DirtyLog log = DirtyLogging.begin(context, driver);
        RingDriver ring = driver.transmitQueue(0).ring();
        // A packed ring's used descriptors are in the descriptor ring.
        long written = context.packed() ? ring.descAddress() : ring.usedAddress();
        TransmitBuffer.of(context, driver).send(5);
        driver.frontEnd().barrier();
        context.require(log.marked(written), "page 0x%x is not marked, although the ring in it was written", written);
    }

    /** Checks the signal; the specification requires neither that a back-end signals nor how often. */
    private static void signal(CaseContext context) {
        NetDriver driver = attach(context, 256);
        DirtyLog log = DirtyLogging.create(context, driver);
        context.note("SET_LOG_FD, and traffic without a log");
        log.setFd(driver.frontEnd());
        context.exchange(driver, 100);
        driver.frontEnd().barrier();
        long before = log.signals();
        context.require(before == 0, "%d signals without a log", before);
        log.begin(driver);
        driver.recordWrites();
        context.exchange(driver, 100);
        driver.awaitSent();
        driver.frontEnd().barrier();
        DirtyLogging.requireWhole(context, driver, log);
        log.end(driver);
        driver.frontEnd().barrier();
        context.note("%d signals while one frame was exchanged with a log", log.signals());
        context.exchange(driver, 100);
        driver.awaitSent();
        driver.frontEnd().barrier();
        long after = log.signals();
        context.require(after == 0, "%d signals after logging had ended", after);
    }

    private static void replaced(CaseContext context) {
        NetDriver driver = attach(context, 0);
        DirtyLogging.begin(context, driver);
        DirtyLog second = DirtyLogging.create(context, driver);
        context.note("SET_LOG_BASE with another log");
        second.setBase(driver.frontEnd());
        driver.frontEnd().barrier();
        receiveAndLook(context, driver, second);
    }
}
