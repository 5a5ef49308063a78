// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.DirtyLog;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MappedFile;
import org.vhost4j.sys.MemFd;
import org.vhost4j.vhostuser.wire.MessageHeader;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

/**
 * Cases about dirty logs that no front-end should pass. A back-end may refuse them, stop the device or close the connection; it must not
 * write outside the log, and it must serve the next front-end.
 */
public final class LogFailureCases implements CaseGroup {
    private static final int PAGE = 4096;
    private static final int FRAMES = 20;
    /**
     * Size of the file in bytes; half of it covers every page of the guest, which begins at {@link
     * NetDriver#GUEST_BASE}.
     */
    private static final int FILE_BYTES = 1 << 20;

    @Override
    public String title() {
        return "Migration: invalid dirty logs that the back-end must survive";
    }

    @Override
    public List<Case> cases() {
        List<Case> all = new ArrayList<>(List.of(
                given("size-0", "a log of 0 bytes", 0, 0),
                given("size-wraps", "a log of 2^64 - 4096 bytes", -PAGE, 0),
                given("offset-wraps", "a log whose offset plus size exceeds 64 bits", FILE_BYTES, -PAGE),
                given("offset-odd", "a log at offset 1 of its file", FILE_BYTES - PAGE, 1),
                given("larger-than-file", "a log that is larger than its file", 1L << 30, 0),
                given("behind-file", "a log that begins beyond the end of its file", FILE_BYTES, 1L << 30),
                Case.of(
                        "log-failure.no-descriptor",
                        "robustness",
                        "the back-end survives SET_LOG_BASE without a descriptor",
                        context -> {
                            NetDriver driver = attach(context);
                            tryLog(context, driver, () -> base(driver.frontEnd(), FILE_BYTES, 0));
                        }),
                Case.of(
                        "log-failure.not-a-file",
                        "robustness",
                        "the back-end survives SET_LOG_BASE with an eventfd",
                        context -> {
                            NetDriver driver = attach(context);
                            try (EventFd event = EventFd.create()) {
                                tryLog(context, driver, () -> base(driver.frontEnd(), FILE_BYTES, 0, event.fd()));
                            }
                        }),
                Case.of(
                        "log-failure.without-a-log",
                        "robustness",
                        "the back-end survives LOG_ALL and VHOST_VRING_F_LOG without SET_LOG_BASE",
                        context -> {
                            NetDriver driver = attach(context);
                            tryLog(context, driver, () -> {});
                        }),
                Case.of(
                        "log-failure.truncated",
                        "robustness",
                        "the back-end survives a log whose file is truncated while it is in use",
                        LogFailureCases::truncated)));
        all.addAll(Case.onBoth(
                Case.of(
                        "log-failure.too-small",
                        "vhost-user, Migration",
                        "a log that is too small for the guest's memory is not written beyond its end",
                        context -> nothingOutside(context, PAGE, 0)),
                Case.of(
                        "log-failure.offset",
                        "vhost-user, Migration",
                        "the bytes before the log's mmap_offset in its file are not written",
                        context -> nothingOutside(context, FILE_BYTES / 2, FILE_BYTES / 2))));
        return all.stream()
                .map(each -> each.needs(Feature.LOG_ALL).needs(ProtocolFeature.LOG_SHMFD))
                .toList();
    }

    private static Case given(String name, String what, long size, long offset) {
        return Case.of("log-failure." + name, "robustness", "the back-end survives " + what, context -> {
            NetDriver driver = attach(context);
            try (Fd file = MemFd.create("log", FILE_BYTES)) {
                tryLog(context, driver, () -> base(driver.frontEnd(), size, offset, file));
            }
        });
    }

    private static NetDriver attach(CaseContext context) {
        return context.attach(context.setup()
                .withProtocol(ProtocolFeature.LOG_SHMFD)
                .receive(ChainShape.TOGETHER, NetSetup.PLAIN_FRAME_BYTES, 64));
    }

    private static void base(FrontEnd frontEnd, long size, long offset, Fd... files) {
        byte[] payload = ByteBuffer.allocate(2 * Long.BYTES)
                .order(ByteOrder.nativeOrder())
                .putLong(size)
                .putLong(offset)
                .array();
        frontEnd.sendRaw(
                RawMessage.encode(Request.SET_LOG_BASE.code(), MessageHeader.VERSION, payload), List.of(files));
        frontEnd.reply(Request.SET_LOG_BASE).close();
    }

    /** Sets a log and causes writes to it, as far as the back-end accepts it. */
    private static void tryLog(CaseContext context, NetDriver driver, Runnable give) {
        try {
            give.run();
            use(context, driver);
        } catch (FrontEndException e) {
            // The back-end may refuse it, stop the device or close the connection.
            context.note("then: %s", String.valueOf(e.getMessage()));
        }
    }

    private static void use(CaseContext context, NetDriver driver) {
        context.note("SET_FEATURES with LOG_ALL, SET_VRING_ADDR with VHOST_VRING_F_LOG, %d frames", FRAMES);
        driver.frontEnd().setFeatures(driver.features() | Feature.LOG_ALL.mask());
        driver.queues().forEach(queue -> queue.setAddress(driver.frontEnd(), true));
        driver.frontEnd().barrier();
        TransmitBuffer.of(context, driver).offer(FRAMES);
        CaseContext.publishAndKick(driver.transmitQueue(0));
        // A stopped device uses no chain.
        RingDriver ring = driver.transmitQueue(0).ring();
        boolean unused = context.await(context.quiet(), () -> {
            while (ring.collect()) {
                // All chains are used.
            }
            return ring.inFlight() == 0;
        });
        driver.frontEnd().barrier();
    }

    private static void truncated(CaseContext context) {
        NetDriver driver = attach(context);
        DirtyLog log = DirtyLogging.create(context, driver);
        tryLog(context, driver, () -> log.begin(driver));
        context.note("the log's file is truncated to 0 bytes");
        log.truncate(0);
        tryLog(context, driver, () -> {});
    }

    private static void nothingOutside(CaseContext context, long size, long offset) {
        NetDriver driver = attach(context);
        try (Fd file = MemFd.create("log", FILE_BYTES);
                MappedFile mapping = MappedFile.map(file, 0, FILE_BYTES, "the log's file")) {
            context.note("SET_LOG_BASE: %d bytes at %d of a file of %d", size, offset, FILE_BYTES);
            tryLog(context, driver, () -> base(driver.frontEnd(), size, offset, file));
            // Pages without a bit in the log may be ignored or refused. Mappings are in units of the host's page size.
            long end = offset + size;
            for (long at = 0; at < FILE_BYTES; at++) {
                boolean inside = at >= offset && at < end;
                byte bits = mapping.segment().get(ValueLayout.JAVA_BYTE, at);
                context.require(
                        inside || bits == 0,
                        "byte %d of the file is 0x%02x, and the log extends only from byte %d to byte %d",
                        at,
                        bits & 0xff,
                        offset,
                        end);
            }
        }
    }
}
