// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;

/** Cases about when the device interrupts, and when it requests notifications. */
public final class NotificationCases implements CaseGroup {
    private static final String USED = "virtio 1.4, 2.7.7.2 and 2.8.10";
    private static final String AVAILABLE = "virtio 1.4, 2.7.10 and 2.8.21";
    private static final int RANDOM_FRAMES = 3000;
    private static final int MOST_IN_BURST = 16;

    @Override
    public String title() {
        return "Notifications: requested, suppressed, never lost";
    }

    @Override
    public List<Case> cases() {
        Case interrupt = Case.of(
                "notify.interrupt",
                USED,
                "a used buffer raises an interrupt when the driver requests it by flags",
                context -> interrupt(context, flags(context)));
        Case suppressed = Case.of(
                "notify.no-interrupt",
                USED,
                "no interrupt should be sent when the driver suppresses interrupts by flags",
                NotificationCases::suppressed);
        Case event = Case.of(
                        "notify.event-idx",
                        USED,
                        "a used buffer raises an interrupt when the driver requests it by event index",
                        context -> interrupt(context, context.setup()))
                .needs(Feature.EVENT_IDX);
        Case eventLater = Case.of(
                        "notify.event-idx-later",
                        USED,
                        "an interrupt is sent when the driver's event index is passed, and should not be sent before",
                        NotificationCases::later)
                .needs(Feature.EVENT_IDX);
        Case kicks = Case.of(
                "notify.kick",
                AVAILABLE,
                "the device processes all available buffers when the driver kicks only as requested by flags",
                context -> kicks(context, flags(context)));
        Case kicksEvent = Case.of(
                        "notify.kick-event-idx",
                        AVAILABLE,
                        "the device processes all available buffers when the driver kicks only as requested by event index",
                        context -> kicks(context, context.setup()))
                .needs(Feature.EVENT_IDX);
        Case random = Case.of(
                        "notify.random",
                        USED,
                        "no notification is lost in thousands of frames with random suppression by flags",
                        context -> random(context, flags(context)))
                .loops();
        Case randomEvent = Case.of(
                        "notify.random-event-idx",
                        USED,
                        "no notification is lost in thousands of frames with random suppression by event index",
                        context -> random(context, context.setup()))
                .needs(Feature.EVENT_IDX)
                .loops();
        Case onEmpty = Case.of(
                        "notify.on-empty",
                        "virtio 1.4, 6.3",
                        "with NOTIFY_ON_EMPTY the device interrupts when it has used all buffers, even if interrupts are suppressed",
                        NotificationCases::onEmpty)
                .needs(Feature.NOTIFY_ON_EMPTY);
        return Stream.concat(
                        Case.onBoth(interrupt, suppressed, event, eventLater, kicks, kicksEvent, random, randomEvent)
                                .stream(),
                        Stream.of(onEmpty))
                .toList();
    }

    private static NetSetup flags(CaseContext context) {
        return context.setup().without(Feature.EVENT_IDX);
    }

    /** Offers one more frame in the transmit queue and kicks. */
    private static void sendOne(CaseContext context, NetDriver driver) {
        TransmitBuffer.of(context, driver).offer(1);
        CaseContext.publishAndKick(driver.transmitQueue(0));
    }

    private static void interrupt(CaseContext context, NetSetup setup) {
        NetDriver driver = context.attach(setup);
        FrontEndQueue queue = driver.transmitQueue(0);
        for (int i = 0; i < 50; i++) {
            queue.call().drain();
            context.require(!queue.ring().enableInterrupts(), "a used element without a frame that was sent");
            context.note("interrupts enabled, a frame on the transmit queue");
            sendOne(context, driver);
            context.require(
                    context.await(context.patience(), () -> queue.call().drain() > 0),
                    "no interrupt for frame %d within %d ms; its buffer was %s",
                    i + 1,
                    context.patience().toMillis(),
                    queue.ring().hasUsed() ? "used" : "not used");
            context.awaitUsed(queue);
        }
    }

    private static void suppressed(CaseContext context) {
        NetDriver driver = context.attach(flags(context));
        FrontEndQueue queue = driver.transmitQueue(0);
        queue.ring().disableInterrupts();
        TransmitBuffer buffer = TransmitBuffer.of(context, driver);
        buffer.send(1);
        LockSupport.parkNanos(context.quiet().toNanos() / 4);
        queue.call().drain();
        context.note("interrupts suppressed, 30 frames on the transmit queue, one after the other");
        for (int i = 0; i < 30; i++) {
            buffer.send(1);
        }
        LockSupport.parkNanos(context.quiet().toNanos() / 4);
        long interrupts = queue.call().drain();
        context.require(interrupts == 0, "%d interrupts", interrupts);
    }

    private static void later(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        FrontEndQueue queue = driver.transmitQueue(0);
        TransmitBuffer buffer = TransmitBuffer.of(context, driver);
        buffer.send(1);
        for (int chains = 2; chains <= 40; chains += 6) {
            LockSupport.parkNanos(context.quiet().toNanos() / 10);
            queue.call().drain();
            // A packed ring's event is a position, which depends on the chains before it, so they are offered first.
            buffer.offer(chains - 1);
            queue.ring().enableInterruptsAfter(chains);
            context.note("an interrupt requested after %d more frames, then %d frames", chains, chains - 1);
            CaseContext.publishAndKick(queue);
            context.awaitUsed(queue);
            LockSupport.parkNanos(context.quiet().toNanos() / 10);
            long early = queue.call().drain();
            context.require(early == 0, "%d interrupts before the last frame", early);
            context.note("the last of these frames");
            buffer.offer(1);
            CaseContext.publishAndKick(queue);
            context.require(
                    context.await(context.patience(), () -> queue.call().drain() > 0),
                    "no interrupt within %d ms; chains were %s",
                    context.patience().toMillis(),
                    queue.ring().hasUsed() ? "used" : "not used");
            context.awaitUsed(queue);
        }
    }

    private static void kicks(CaseContext context, NetSetup setup) {
        NetDriver driver = context.attach(setup);
        FrontEndQueue queue = driver.transmitQueue(0);
        TransmitBuffer buffer = TransmitBuffer.of(context, driver);
        SplittableRandom random = context.random();
        for (int round = 0; round < 400; round++) {
            int chains = 1 + random.nextInt(MOST_IN_BURST);
            buffer.offer(chains);
            queue.publish();
            if (round % 50 == 0) {
                context.note("round %d: %d chains, %d kicks so far", round, chains, queue.kicks());
            }
            context.awaitUsed(queue);
            // Long enough for the device to go to sleep, if it does.
            LockSupport.parkNanos(random.nextInt(4) == 0 ? random.nextInt(500_000) : 0);
        }
    }

    private static void random(CaseContext context, NetSetup setup) {
        NetDriver driver = context.attach(setup.queues(1, 64).receive(ChainShape.TOGETHER, 1518, 64));
        SplittableRandom random = context.random();
        int sent = 0;
        while (sent < RANDOM_FRAMES) {
            List<byte[]> burst = new ArrayList<>();
            for (int i = random.nextInt(MOST_IN_BURST); i >= 0; i--) {
                burst.add(context.datagram(18 + random.nextInt(300)).complete());
            }
            if (random.nextBoolean()) {
                driver.receiveQueue(0).ring().disableInterrupts();
            }
            driver.sendBurst(0, burst, DriverHeader.PLAIN, ChainShape.TOGETHER);
            for (byte[] frame : burst) {
                sent++;
                if (sent % 500 == 0) {
                    context.note("%d frames so far", sent);
                }
                // Waits by interrupts, and fails when one is missing for used chains.
                context.expect(frame, driver.receive());
            }
            if (random.nextInt(8) == 0) {
                LockSupport.parkNanos(random.nextInt(300_000));
            }
        }
    }

    private static void onEmpty(CaseContext context) {
        NetSetup setup = NetSetup.legacy().with(Feature.NOTIFY_ON_EMPTY);
        NetDriver driver = context.attachLegacy(setup);
        FrontEndQueue queue = driver.transmitQueue(0);
        queue.ring().disableInterrupts();
        for (int i = 0; i < 5; i++) {
            queue.call().drain();
            context.note("interrupts suppressed, a single frame on the transmit queue");
            sendOne(context, driver);
            context.require(
                    context.await(context.patience(), () -> queue.call().drain() > 0),
                    "no interrupt within %d ms",
                    context.patience().toMillis());
            context.awaitUsed(queue);
        }
    }
}
