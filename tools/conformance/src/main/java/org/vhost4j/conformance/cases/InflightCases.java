// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.InflightArea;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MemFd;
import org.vhost4j.vhostuser.wire.InflightDescription;
import org.vhost4j.vhostuser.wire.MessageHeader;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

/** Cases about the memory in which a back-end records in-flight descriptors, and how a restarted back-end uses it. */
public final class InflightCases implements CaseGroup {
    private static final String SECTION = "vhost-user, Inflight I/O tracking";
    private static final int QUEUES = 2;
    private static final int SIZE = 64;
    private static final int TRANSMIT = 1;
    private static final int FRAMES = 10;
    private static final int FILE_BYTES = 1 << 20;
    private static final int DESCRIPTION_BYTES = 24;
    private static final int RANDOM_AREAS = 20;

    @Override
    public String title() {
        return "In-flight tracking";
    }

    @Override
    public List<Case> cases() {
        List<Case> all = new ArrayList<>(Case.onBoth(
                Case.of(
                        "inflight.area",
                        SECTION,
                        "GET_INFLIGHT_FD returns a file that is large enough for every queue, and SET_INFLIGHT_FD accepts it",
                        InflightCases::area),
                Case.of(
                        "inflight.cleared",
                        SECTION,
                        "a chain that was published as used is no longer marked in flight",
                        InflightCases::cleared),
                Case.of(
                        "inflight.returned",
                        SECTION,
                        "a chain in flight when a back-end crashed is used once by the next back-end, which then continues after it",
                        InflightCases::returned),
                Case.of(
                                "inflight.base-at-once",
                                "vhost-user, VHOST_USER_PROTOCOL_F_GET_VRING_BASE_INFLIGHT",
                                "each chain that GET_VRING_BASE counts is used, or in flight in the area",
                                InflightCases::baseAtOnce)
                        .needs(ProtocolFeature.GET_VRING_BASE_INFLIGHT),
                Case.of(
                        "inflight.contents",
                        "robustness",
                        "the back-end survives %d areas with random contents".formatted(RANDOM_AREAS),
                        InflightCases::randomContents)));
        all.addAll(List.of(
                asked("num-queues-0", 0, SIZE),
                asked("num-queues-65535", 65_535, SIZE),
                asked("queue-size-0", QUEUES, 0),
                asked("queue-size-65535", QUEUES, 65_535),
                given("empty", 0, 0),
                given("size-wraps", -4096, 0),
                given("offset-wraps", FILE_BYTES, -4096),
                given("larger-than-file", 1L << 40, 0),
                given("too-small", 64, 0),
                given("offset-odd", FILE_BYTES / 2, 1)));
        return all.stream()
                .map(each -> each.needs(ProtocolFeature.INFLIGHT_SHMFD))
                .toList();
    }

    private static NetSetup setup(CaseContext context) {
        return context.setup()
                .queues(1, SIZE)
                .withProtocol(ProtocolFeature.INFLIGHT_SHMFD)
                .receive(ChainShape.TOGETHER, NetSetup.PLAIN_FRAME_BYTES, SIZE / 2);
    }

    /** Returns the area for a driver whose queues do not run yet. */
    private static InflightArea get(CaseContext context, NetDriver driver) {
        context.note("GET_INFLIGHT_FD for %d queues of size %d", QUEUES, SIZE);
        return context.keep(InflightArea.get(driver.frontEnd(), QUEUES, SIZE));
    }

    private static void area(CaseContext context) {
        NetDriver driver = context.negotiated(setup(context));
        InflightArea area = get(context, driver);
        for (int queue = 0; queue < QUEUES; queue++) {
            int version = context.packed()
                    ? area.packed(queue).version()
                    : area.split(queue).version();
            context.require(version <= 1, "version %d of queue %d before the queue was started", version, queue);
        }
        area.set(driver.frontEnd());
        driver.start();
        TransmitBuffer.of(context, driver).send(FRAMES);
        int number = context.packed()
                ? area.packed(TRANSMIT).descNum()
                : area.split(TRANSMIT).descNum();
        context.require(
                number == SIZE,
                "desc_num of the transmit queue is %d, and the requested queue_size is %d",
                number,
                SIZE);
    }

    private static List<Integer> inFlight(CaseContext context, InflightArea area) {
        return context.packed()
                ? area.packed(TRANSMIT).inflight()
                : area.split(TRANSMIT).inflight();
    }

    private static void cleared(CaseContext context) {
        NetDriver driver = context.negotiated(setup(context));
        InflightArea area = get(context, driver);
        area.set(driver.frontEnd());
        driver.start();
        TransmitBuffer buffer = TransmitBuffer.of(context, driver);
        for (int i = 0; i < 3 * SIZE; i += FRAMES) {
            context.note("%d frames", FRAMES);
            buffer.send(FRAMES);
            // The back-end may clear the descriptor shortly after publishing it as used.
            boolean clear = context.await(
                    context.patience(), () -> inFlight(context, area).isEmpty());
            context.require(clear, "the descriptors in flight are %s", inFlight(context, area));
        }
    }

    private static void baseAtOnce(CaseContext context) {
        NetDriver driver = context.negotiated(setup(context).withProtocol(ProtocolFeature.GET_VRING_BASE_INFLIGHT));
        InflightArea area = get(context, driver);
        area.set(driver.frontEnd());
        driver.start();
        TransmitBuffer buffer = TransmitBuffer.of(context, driver);
        FrontEndQueue queue = driver.transmitQueue(0);
        for (int round = 0; round < 5; round++) {
            buffer.offer(FRAMES);
            CaseContext.publishAndKick(queue);
            context.note("%d frames, then GET_VRING_BASE immediately", FRAMES);
            int base = queue.stop(driver.frontEnd());
            int inFlight = inFlight(context, area).size();
            while (queue.ring().collect()) {
                // All chains are collected.
            }
            // The used chains end at the base, minus the chains in flight.
            if (inFlight == 0) {
                int wanted = queue.ring().deviceBase();
                context.require(base == wanted, "0x%x, but the used chains end at 0x%x", base, wanted);
            }
            queue.start(driver.frontEnd(), base);
            context.awaitUsed(queue);
        }
    }

    /** Creates a connection on which the same driver continues at another back-end's position. */
    private static FrontEnd continued(CaseContext context, NetDriver driver, InflightArea area) {
        FrontEnd frontEnd = context.connect();
        frontEnd.getFeatures();
        frontEnd.setProtocolFeatures(frontEnd.getProtocolFeatures()
                & ProtocolFeature.word(List.of(ProtocolFeature.INFLIGHT_SHMFD, ProtocolFeature.REPLY_ACK)));
        frontEnd.setOwner();
        frontEnd.setFeatures(driver.features());
        frontEnd.setMemTable(driver.guestRam().regions());
        context.note("SET_INFLIGHT_FD on another connection, with the same memory and rings");
        area.set(frontEnd);
        for (FrontEndQueue queue : driver.queues()) {
            frontEnd.setVringEnable(queue.index(), true);
            queue.start(frontEnd, queue.ring().deviceBase());
        }
        return frontEnd;
    }

    private static void returned(CaseContext context) {
        NetDriver driver = context.negotiated(setup(context));
        InflightArea area = get(context, driver);
        // The state that a back-end leaves after popping the first chain of a new queue.
        TransmitBuffer buffer = TransmitBuffer.of(context, driver);
        FrontEndQueue queue = driver.transmitQueue(0);
        RingDriver ring = queue.ring();
        buffer.offer(1);
        ring.publish();
        area.contents(taken(context, area, ring));
        driver.frontEnd().close();
        FrontEnd frontEnd = continued(context, driver, area);
        queue.kick().signal();
        context.awaitUsed(queue);
        context.note("%d more frames", FRAMES);
        buffer.send(FRAMES);
        frontEnd.getFeatures();
        context.require(!ring.hasUsed(), "more chains were used than were available");
    }

    /** Returns the area with the transmit queue's first chain, of one descriptor, in flight. */
    private static byte[] taken(CaseContext context, InflightArea area, RingDriver ring) {
        byte[] bytes = area.contents();
        ByteBuffer region = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        region.position(bytes.length / QUEUES * TRANSMIT);
        ByteBuffer at = region.slice().order(ByteOrder.nativeOrder());
        at.putShort(8, (short) 1).putShort(10, (short) SIZE);
        if (context.packed()) {
            at.put(20, (byte) 1).put(21, (byte) 1);
            at.putShort(12, (short) 1).putShort(14, (short) 1);
            for (int i = 0; i < SIZE; i++) {
                at.putShort(32 + 32 * i + 2, (short) (i + 1));
            }
            at.put(32, (byte) 1).putShort(32 + 6, (short) 1).putLong(32 + 8, 1);
            long descriptor = ring.descAddress();
            at.putShort(32 + 16, (short) ring.memory().get16(descriptor + 12))
                    .putShort(32 + 18, (short) ring.memory().get16(descriptor + 14))
                    .putInt(32 + 20, ring.memory().get32(descriptor + 8))
                    .putLong(32 + 24, ring.memory().get64(descriptor));
        } else {
            int head = ring.memory().get16(ring.availAddress() + 4);
            at.put(16 + 16 * head, (byte) 1).putLong(16 + 16 * head + 8, 1);
        }
        return bytes;
    }

    private static void randomContents(CaseContext context) {
        SplittableRandom random = context.random();
        for (int i = 0; i < RANDOM_AREAS; i++) {
            NetDriver driver = context.negotiated(setup(context));
            InflightArea area = get(context, driver);
            byte[] bytes = area.contents();
            random.nextBytes(bytes);
            for (int queue = 0; queue < QUEUES; queue++) {
                // The fields that mark the region as initialized, so that the back-end reads it.
                int region = bytes.length / QUEUES * queue;
                ByteBuffer.wrap(bytes)
                        .order(ByteOrder.nativeOrder())
                        .putLong(region, 0)
                        .putShort(region + 8, (short) 1)
                        .putShort(region + 10, (short) SIZE);
            }
            area.contents(bytes);
            try {
                area.set(driver.frontEnd());
                driver.start();
                TransmitBuffer.of(context, driver).offer(FRAMES);
                CaseContext.publishAndKick(driver.transmitQueue(0));
                driver.frontEnd().getFeatures();
            } catch (FrontEndException e) {
                // The back-end may refuse it, stop the device or close the connection.
                context.note("then: %s", String.valueOf(e.getMessage()));
            }
            driver.close();
        }
    }

    private static Case asked(String name, int queues, int queueSize) {
        return Case.of(
                "inflight.get-" + name,
                "robustness",
                "the back-end survives GET_INFLIGHT_FD for %d queues of size %d".formatted(queues, queueSize),
                context -> {
                    NetDriver driver = context.negotiated(setup(context));
                    attempt(
                            context,
                            () -> send(
                                    driver.frontEnd(),
                                    Request.GET_INFLIGHT_FD,
                                    new InflightDescription(0, 0, queues, queueSize)));
                });
    }

    private static Case given(String name, long size, long offset) {
        return Case.of(
                "inflight.set-" + name,
                "robustness",
                "the back-end survives SET_INFLIGHT_FD with mmap_size %s at mmap_offset %s of a file of 1 MiB"
                        .formatted(Long.toUnsignedString(size), Long.toUnsignedString(offset)),
                context -> {
                    NetDriver driver = context.negotiated(setup(context));
                    try (Fd file = MemFd.createSealed("inflight", FILE_BYTES)) {
                        attempt(context, () -> {
                            send(
                                    driver.frontEnd(),
                                    Request.SET_INFLIGHT_FD,
                                    new InflightDescription(size, offset, QUEUES, SIZE),
                                    file);
                            driver.start();
                            TransmitBuffer.of(context, driver).offer(FRAMES);
                            CaseContext.publishAndKick(driver.transmitQueue(0));
                        });
                    }
                });
    }

    private static void send(FrontEnd frontEnd, Request request, InflightDescription description, Fd... files) {
        byte[] payload = description.toPayload(DESCRIPTION_BYTES).toArray(ValueLayout.JAVA_BYTE);
        frontEnd.sendRaw(RawMessage.encode(request.code(), MessageHeader.VERSION, payload), List.of(files));
        if (request.reply().isPresent()) {
            frontEnd.reply(request).close();
        }
        frontEnd.getFeatures();
    }

    private static void attempt(CaseContext context, Runnable what) {
        try {
            what.run();
        } catch (FrontEndException e) {
            // The back-end may refuse it, stop the device or close the connection.
            context.note("then: %s", String.valueOf(e.getMessage()));
        }
    }
}
