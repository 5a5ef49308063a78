// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.conformance.cases;

import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.platform.sys.Fd;
import org.vhost4j.platform.sys.MappedFile;
import org.vhost4j.platform.sys.MemFd;
import org.vhost4j.tools.conformance.Area;
import org.vhost4j.tools.conformance.Case;
import org.vhost4j.tools.conformance.Trial;
import org.vhost4j.tools.frontend.ChainShape;
import org.vhost4j.tools.frontend.FrontEnd;
import org.vhost4j.tools.frontend.FrontEndQueue;
import org.vhost4j.tools.frontend.NetDriver;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;
import org.vhost4j.vhostuser.wire.VringAddress;

/** The log of written pages, on which live migration relies. */
public final class LogCases implements Area {
    private static final String MIGRATION = "vhost-user, Migration";
    private static final long PAGE = 4096;
    private static final int BUFFERS = 24;

    @Override
    public String title() {
        return "Migration: the log of written pages";
    }

    @Override
    public List<Case> cases() {
        List<Case> all = new ArrayList<>();
        for (Case each : Case.onBoth(
                Case.of(
                                "log.receive-buffers",
                                MIGRATION,
                                "every page of a receive buffer that was written is marked in the log",
                                LogCases::receiveBuffers)
                        .loops(),
                Case.of(
                        "log.used-ring",
                        MIGRATION,
                        "the used ring's page is marked at its log address when VHOST_VRING_F_LOG is set",
                        LogCases::usedRing),
                Case.of(
                                "log.replaced",
                                MIGRATION,
                                "a log that replaces another while rings run is used from then on",
                                LogCases::replaced)
                        .loops())) {
            all.add(each.needs(Feature.LOG_ALL).needs(ProtocolFeature.LOG_SHMFD));
        }
        return all;
    }

    /** A bit for each page of guest memory, shared with the back-end. */
    private record Log(Fd file, MappedFile bits) implements AutoCloseable {
        static Log of(long lastAddress) {
            long bytes = (lastAddress / PAGE / 8 / PAGE + 1) * PAGE;
            Fd file = MemFd.create("vhost4j-log", bytes);
            return new Log(file, MappedFile.map(file, 0, bytes, "log"));
        }

        boolean marked(long address) {
            long page = address / PAGE;
            return (bits.segment().get(ValueLayout.JAVA_BYTE, page / 8) >> page % 8 & 1) != 0;
        }

        @Override
        public void close() {
            bits.close();
            file.close();
        }
    }

    private static NetDriver attach(Trial trial) {
        return trial.attach(
                trial.setup().withProtocol(ProtocolFeature.LOG_SHMFD).receive(ChainShape.TOGETHER, 1518, 0));
    }

    private static Log begin(Trial trial, NetDriver driver) {
        Log log = trial.keep(Log.of(driver.ram().guestAddress() + driver.ram().bytes()));
        trial.note("SET_LOG_BASE, SET_FEATURES with LOG_ALL");
        base(driver, log);
        driver.frontEnd().setFeatures(driver.features() | Feature.LOG_ALL.mask());
        driver.frontEnd().barrier();
        return log;
    }

    private static void base(NetDriver driver, Log log) {
        byte[] payload = ByteBuffer.allocate(16)
                .order(ByteOrder.nativeOrder())
                .putLong(log.bits().segment().byteSize())
                .putLong(0)
                .array();
        FrontEnd frontEnd = driver.frontEnd();
        frontEnd.request(Request.SET_LOG_BASE, payload, log.file()).close();
    }

    /** Posts buffers that begin at an odd place of their page, sends as many frames, and looks at every used one. */
    private static void receiveAndLook(Trial trial, NetDriver driver, Log log) {
        FrontEndQueue queue = driver.receiveQueue(0);
        DriverMemory memory = driver.ram().memory();
        long[] addresses = new long[queue.ring().size()];
        for (int i = 0; i < BUFFERS; i++) {
            // Nearly every one reaches into a second page.
            long address = memory.allocate(2 * PAGE, PAGE) + PAGE - 37L * (i + 1);
            queue.ring().begin();
            int id = queue.ring().writable(address, 1600).offer();
            addresses[id] = address;
        }
        queue.publish();
        trial.note("%d receive buffers over the end of a page, %d frames", BUFFERS, BUFFERS);
        TransmitBuffer.of(trial, driver).send(BUFFERS);
        RingDriver ring = queue.ring();
        for (int i = 0; i < BUFFERS; i++) {
            trial.require(trial.await(trial.patience(), ring::hasUsed), "%d frames instead of %d", i, BUFFERS);
            ring.collect();
            long address = addresses[ring.usedId()];
            for (long page = address / PAGE; page <= (address + ring.usedLength() - 1) / PAGE; page++) {
                trial.require(
                        log.marked(page * PAGE),
                        "page 0x%x is not marked, where %d bytes were written from 0x%x on",
                        page,
                        ring.usedLength(),
                        address);
            }
        }
    }

    private static void receiveBuffers(Trial trial) {
        NetDriver driver = attach(trial);
        receiveAndLook(trial, driver, begin(trial, driver));
    }

    private static void usedRing(Trial trial) {
        NetDriver driver = attach(trial);
        Log log = begin(trial, driver);
        FrontEndQueue queue = driver.transmitQueue(0);
        RingDriver ring = queue.ring();
        long shift = driver.ram().userAddress() - driver.ram().guestAddress();
        // A packed ring's used descriptors are in the descriptor ring.
        long logged = trial.packed() ? ring.descAddress() : ring.usedAddress();
        trial.note("SET_VRING_ADDR with VHOST_VRING_F_LOG and log address 0x%x, then 5 frames", logged);
        driver.frontEnd()
                .setVringAddr(new VringAddress(
                        queue.index(),
                        VringAddress.LOG,
                        ring.descAddress() + shift,
                        ring.usedAddress() + shift,
                        ring.availAddress() + shift,
                        logged));
        driver.frontEnd().barrier();
        TransmitBuffer.of(trial, driver).send(5);
        trial.require(log.marked(logged), "page 0x%x is not marked, where the ring was written", logged / PAGE);
    }

    private static void replaced(Trial trial) {
        NetDriver driver = attach(trial);
        begin(trial, driver);
        Log second =
                trial.keep(Log.of(driver.ram().guestAddress() + driver.ram().bytes()));
        trial.note("SET_LOG_BASE with another log");
        base(driver, second);
        driver.frontEnd().barrier();
        receiveAndLook(trial, driver, second);
    }
}
