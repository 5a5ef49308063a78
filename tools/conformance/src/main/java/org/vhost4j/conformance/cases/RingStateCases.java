// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.conformance.NotApplicable;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.ReceivedFrame;
import org.vhost4j.sys.EventFd;

/** Cases about rings that start, stop and continue, and are enabled or disabled. */
public final class RingStateCases implements CaseGroup {
    private static final String STATES = "vhost-user, Ring states";
    private static final String BASE = "vhost-user, VHOST_USER_GET_VRING_BASE";
    /**
     * Bases near the wrap-around: split indices count to 65535, packed ones have wrap counters in addition to
     * positions.
     */
    private static final int SPLIT_BASE = 0xfff0;

    private static final int ROUNDS = 8;

    @Override
    public String title() {
        return "Rings: started, stopped, enabled, disabled";
    }

    @Override
    public List<Case> cases() {
        List<Case> both = Case.onBoth(
                Case.of(
                        "ring.kick-starts",
                        STATES,
                        "SET_VRING_KICK starts a ring, and its available buffers are processed without a kick",
                        RingStateCases::kickStarts),
                Case.of(
                                "ring.enable-goes-on",
                                STATES,
                                "a started ring carries frames after SET_VRING_ENABLE enables it",
                                RingStateCases::enableContinues)
                        .needs(Feature.PROTOCOL_FEATURES)
                        .loops(),
                Case.of(
                                "ring.disabled-receives-nothing",
                                STATES,
                                "a receive ring that is started and disabled receives no frames",
                                RingStateCases::disabledReceivesNothing)
                        .needs(Feature.PROTOCOL_FEATURES)
                        .loops(),
                Case.of(
                                "ring.disabled-discards",
                                STATES,
                                "a transmit ring that is started and disabled is processed, and its frames are discarded",
                                RingStateCases::disabledDiscards)
                        .needs(Feature.PROTOCOL_FEATURES),
                Case.of(
                                "ring.without-protocol-features",
                                STATES,
                                "without VHOST_USER_F_PROTOCOL_FEATURES rings are enabled when they start",
                                RingStateCases::withoutProtocolFeatures)
                        .loops(),
                Case.of(
                        "ring.base",
                        BASE,
                        "GET_VRING_BASE stops the ring and returns the next index, including wrap counters",
                        RingStateCases::base),
                Case.of(
                                "ring.base-receive",
                                BASE,
                                "GET_VRING_BASE of a receive ring does not count buffers that were not used",
                                RingStateCases::baseReceive)
                        .loops(),
                Case.of(
                        "ring.stopped-is-silent",
                        STATES,
                        "a ring that was stopped by GET_VRING_BASE is no longer processed",
                        RingStateCases::stoppedIsSilent),
                Case.of(
                                "ring.resume",
                                BASE,
                                "a ring that restarts at the base at which it stopped loses and repeats no frames",
                                RingStateCases::resume)
                        .loops(),
                Case.of(
                        "ring.start-anywhere",
                        "vhost-user, VHOST_USER_SET_VRING_BASE",
                        "a ring begins at the index of SET_VRING_BASE, and wraps around its end",
                        RingStateCases::startAnywhere),
                Case.of(
                                "ring.one-stops",
                                STATES,
                                "each ring has its own state: the transmit ring runs while the receive ring is stopped",
                                RingStateCases::oneStops)
                        .loops(),
                Case.of(
                                "ring.call-replaced",
                                "vhost-user, VHOST_USER_SET_VRING_CALL",
                                "a call descriptor that replaces another while the ring runs is signalled instead of it",
                                RingStateCases::callReplaced)
                        .loops(),
                Case.of(
                        "ring.call-absent",
                        "vhost-user, VHOST_USER_SET_VRING_CALL",
                        "a ring whose call descriptor was removed continues without interrupts",
                        RingStateCases::callAbsent));
        return Stream.concat(
                        both.stream(),
                        Stream.of(Case.of(
                                        "ring.legacy",
                                        "virtio 1.4, 5.1.6.1",
                                        "a driver that acknowledges no feature is served, with a header of 10 bytes",
                                        RingStateCases::legacy)
                                .loops()))
                .toList();
    }

    private static void kickStarts(CaseContext context) {
        NetDriver driver = context.negotiated(context.setup());
        TransmitBuffer.of(context, driver).offer(3);
        driver.transmitQueue(0).ring().publish();
        context.note("3 frames in the transmit ring before SET_VRING_KICK, without a kick after it");
        driver.start();
        FrontEndQueue queue = driver.transmitQueue(0);
        if (!context.await(context.patience(), () -> queue.ring().hasUsed())) {
            context.note("a kick");
            queue.kick().signal();
            context.awaitUsed(queue);
            throw new NotApplicable("a ring starts at its first kick, as the specification required until QEMU 11.1");
        }
        context.awaitUsed(queue);
    }

    private static void enableContinues(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        for (int i = 0; i < 3; i++) {
            context.note("SET_VRING_ENABLE 0 for every queue, then 1");
            driver.enable(false);
            driver.enable(true);
            driver.frontEnd().barrier();
            context.exchangeSoon(driver, 300);
        }
    }

    private static void disabledReceivesNothing(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        context.exchange(driver, 300);
        context.note("SET_VRING_ENABLE 0 for the receive queue, then a frame");
        driver.frontEnd().setVringEnable(0, false);
        driver.frontEnd().barrier();
        byte[] disabled = context.datagram(301).complete();
        driver.send(disabled);
        context.require(context.receive(driver, context.quiet()).isEmpty(), "a frame in a disabled receive ring");
        context.note("SET_VRING_ENABLE 1 for the receive queue, then a frame");
        driver.frontEnd().setVringEnable(0, true);
        driver.frontEnd().barrier();
        // The back-end may have kept or dropped the previous frame.
        Optional<ReceivedFrame> kept = context.receive(driver, context.quiet());
        if (kept.isPresent()) {
            context.expect(disabled, kept.get());
        }
        context.exchangeSoon(driver, 302);
    }

    private static void disabledDiscards(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        context.note("SET_VRING_ENABLE 0 for the transmit queue, then 3 frames");
        driver.frontEnd().setVringEnable(1, false);
        driver.frontEnd().barrier();
        TransmitBuffer.of(context, driver).send(3);
        context.require(context.receive(driver, context.quiet()).isEmpty(), "a frame that was sent on a disabled ring");
    }

    private static void withoutProtocolFeatures(CaseContext context) {
        NetDriver driver = context.attach(context.setup().protocol());
        driver.frontEnd().barrier();
        context.note("SET_FEATURES without bit 30, and no SET_VRING_ENABLE");
        context.exchange(driver, 300);
    }

    private static void base(CaseContext context) {
        // Only a packed ring can have a size that is not a power of two.
        NetSetup setup = Feature.RING_PACKED.in(context.setup().features())
                ? context.setup().queues(1, 7)
                : context.setup().queues(1, 8);
        NetDriver driver = context.attach(setup);
        FrontEndQueue queue = driver.transmitQueue(0);
        TransmitBuffer buffer = TransmitBuffer.of(context, driver);
        for (int round = 0; round < ROUNDS; round++) {
            int frames = 1 + round % 5;
            buffer.send(frames);
            context.note("%d frames, then GET_VRING_BASE", frames);
            int came = queue.stop(driver.frontEnd());
            int wanted = queue.ring().deviceBase();
            context.require(came == wanted, "0x%x, but the back-end's used chains end at 0x%x", came, wanted);
            queue.start(driver.frontEnd(), came);
        }
    }

    private static void baseReceive(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        int frames = 5;
        for (int i = 0; i < frames; i++) {
            context.exchange(driver, 300);
        }
        FrontEndQueue queue = driver.receiveQueue(0);
        context.note("GET_VRING_BASE of the receive queue");
        int came = queue.stop(driver.frontEnd());
        int wanted = queue.ring().deviceBase();
        context.require(came == wanted, "0x%x, but the back-end's used chains end at 0x%x", came, wanted);
    }

    private static void stoppedIsSilent(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        FrontEndQueue queue = driver.transmitQueue(0);
        context.note("GET_VRING_BASE, then 3 frames and a kick");
        queue.stop(driver.frontEnd());
        TransmitBuffer.of(context, driver).offer(3);
        CaseContext.publishAndKick(queue);
        context.require(
                !context.await(context.quiet(), () -> queue.ring().hasUsed()), "a chain that was used after the stop");
    }

    private static void resume(CaseContext context) {
        NetDriver driver = context.attach(context.setup().queues(1, 16).receive(ChainShape.TOGETHER, 1518, 16));
        for (int round = 0; round < ROUNDS; round++) {
            context.exchange(driver, 200 + round);
            driver.awaitSent();
            context.note(
                    "GET_VRING_BASE of both queues, a frame while they are stopped, then starting them at that base");
            List<Integer> bases = new ArrayList<>();
            for (FrontEndQueue queue : driver.queues()) {
                bases.add(queue.stop(driver.frontEnd()));
            }
            byte[] late = context.datagram(400 + round).complete();
            driver.send(late);
            for (FrontEndQueue queue : driver.queues()) {
                queue.start(driver.frontEnd(), bases.get(queue.index()));
            }
            context.expect(late, context.receive(driver));
            context.require(
                    context.receive(driver, context.quiet().dividedBy(4)).isEmpty(), "one more frame than was sent");
        }
    }

    private static void startAnywhere(CaseContext context) {
        NetSetup setup = context.setup();
        boolean packed = Feature.RING_PACKED.in(setup.features());
        NetDriver driver = context.negotiated(setup.queues(1, 32).receive(ChainShape.TOGETHER, 1518, 0));
        RingDriver ring = driver.transmitQueue(0).ring();
        // Position 29 of 32 in the lap with wrap counter 0.
        int base = packed ? 29 << 16 | 29 : SPLIT_BASE;
        ring.reset(base);
        driver.start();
        context.note("SET_VRING_BASE 0x%x, then 70 frames in a ring of 32", base);
        TransmitBuffer buffer = TransmitBuffer.of(context, driver);
        for (int i = 0; i < 70; i += 10) {
            buffer.send(10);
        }
    }

    private static void oneStops(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        context.exchange(driver, 300);
        context.note("GET_VRING_BASE of the receive queue, then 3 frames on the transmit queue");
        FrontEndQueue receive = driver.receiveQueue(0);
        driver.awaitSent();
        int base = receive.stop(driver.frontEnd());
        TransmitBuffer.of(context, driver).send(3);
        context.require(!receive.ring().hasUsed(), "a frame in a stopped receive ring");
        context.note("starting the receive queue at its base, then a frame");
        receive.start(driver.frontEnd(), base);
        byte[] last = context.datagram(555).complete();
        driver.send(last);
        // Frames that were sent meanwhile may be dropped or arrive late.
        for (int i = 0; i < 3; i++) {
            byte[] came = context.receive(driver).bytes();
            if (came.length == last.length) {
                context.expect(last, came);
                return;
            }
        }
        context.expect(last, context.receive(driver));
    }

    private static void callReplaced(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        FrontEndQueue queue = driver.receiveQueue(0);
        for (int i = 0; i < 20; i++) {
            EventFd call = context.keep(EventFd.create());
            context.note("SET_VRING_CALL with a new descriptor, then a frame");
            driver.frontEnd().setVringCall(queue.index(), call.fd());
            driver.frontEnd().barrier();
            call.drain();
            queue.ring().enableInterrupts();
            context.exchangeSoon(driver, 300 + i);
            context.require(
                    context.await(context.patience(), () -> call.drain() > 0),
                    "a frame, but no signal on descriptor %d of 20 within %d ms",
                    i + 1,
                    context.patience().toMillis());
        }
    }

    private static void callAbsent(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        context.note("SET_VRING_CALL without a descriptor for the transmit queue, then 5 frames");
        driver.frontEnd().setVringCall(1, null);
        driver.frontEnd().barrier();
        TransmitBuffer.of(context, driver).send(5);
    }

    private static void legacy(CaseContext context) {
        NetDriver driver = context.attachLegacy(NetSetup.legacy());
        context.note("SET_FEATURES with no feature other than PROTOCOL_FEATURES");
        context.exchange(driver, 300);
        context.exchange(driver, 1400);
    }
}
