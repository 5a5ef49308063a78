// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.vhost4j.conformance.Area;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.Trial;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;

/** When the device interrupts, and when it wants to be notified. */
public final class NotificationCases implements Area {
    private static final String USED = "virtio 1.4, 2.7.7.2 and 2.8.10";
    private static final String AVAILABLE = "virtio 1.4, 2.7.10 and 2.8.21";
    private static final int RANDOM_FRAMES = 3000;
    private static final int MOST_IN_BURST = 16;

    @Override
    public String title() {
        return "Notifications: asked for, suppressed, never lost";
    }

    @Override
    public List<Case> cases() {
        Case interrupt = Case.of(
                "notify.interrupt",
                USED,
                "a used buffer is told by an interrupt when the driver asks for it by flags",
                trial -> interrupt(trial, flags(trial)));
        Case suppressed = Case.of(
                "notify.no-interrupt",
                USED,
                "no interrupt should come when the driver wants none by flags",
                NotificationCases::suppressed);
        Case event = Case.of(
                        "notify.event-idx",
                        USED,
                        "a used buffer is told by an interrupt when the driver asks for it by index",
                        trial -> interrupt(trial, trial.setup()))
                .needs(Feature.EVENT_IDX);
        Case eventLater = Case.of(
                        "notify.event-idx-later",
                        USED,
                        "an interrupt comes when the index that the driver named is passed, and should not come before",
                        NotificationCases::later)
                .needs(Feature.EVENT_IDX);
        Case kicks = Case.of(
                "notify.kick",
                AVAILABLE,
                "the device sees what is made available when it is notified only as far as it asks by flags",
                trial -> kicks(trial, flags(trial)));
        Case kicksEvent = Case.of(
                        "notify.kick-event-idx",
                        AVAILABLE,
                        "the device sees what is made available when it is notified only as far as it asks by index",
                        trial -> kicks(trial, trial.setup()))
                .needs(Feature.EVENT_IDX);
        Case random = Case.of(
                        "notify.random",
                        USED,
                        "in thousands of frames with random suppression by flags no notification is lost",
                        trial -> random(trial, flags(trial)))
                .loops();
        Case randomEvent = Case.of(
                        "notify.random-event-idx",
                        USED,
                        "in thousands of frames with random suppression by index no notification is lost",
                        trial -> random(trial, trial.setup()))
                .needs(Feature.EVENT_IDX)
                .loops();
        Case onEmpty = Case.of(
                        "notify.on-empty",
                        "virtio 1.4, 6.3",
                        "with NOTIFY_ON_EMPTY the device interrupts when it has used all buffers, suppressed or not",
                        NotificationCases::onEmpty)
                .needs(Feature.NOTIFY_ON_EMPTY);
        return Stream.concat(
                        Case.onBoth(interrupt, suppressed, event, eventLater, kicks, kicksEvent, random, randomEvent)
                                .stream(),
                        Stream.of(onEmpty))
                .toList();
    }

    private static NetSetup flags(Trial trial) {
        return trial.setup().without(Feature.EVENT_IDX);
    }

    /** Offers one more frame by the transmit queue and kicks. */
    private static void sendOne(Trial trial, NetDriver driver) {
        TransmitBuffer.of(trial, driver).offer(1);
        Trial.publishAndKick(driver.transmitQueue(0));
    }

    private static void interrupt(Trial trial, NetSetup setup) {
        NetDriver driver = trial.attach(setup);
        FrontEndQueue queue = driver.transmitQueue(0);
        for (int i = 0; i < 50; i++) {
            queue.call().drain();
            trial.require(!queue.ring().enableInterrupts(), "a used element that nothing was sent for");
            trial.note("interrupts on, a frame by the transmit queue");
            sendOne(trial, driver);
            trial.require(
                    trial.await(trial.patience(), () -> queue.call().drain() > 0),
                    "no interrupt for frame %d within %d ms; it was %s",
                    i + 1,
                    trial.patience().toMillis(),
                    queue.ring().hasUsed() ? "used" : "not used either");
            trial.awaitUsed(queue);
        }
    }

    private static void suppressed(Trial trial) {
        NetDriver driver = trial.attach(flags(trial));
        FrontEndQueue queue = driver.transmitQueue(0);
        queue.ring().disableInterrupts();
        TransmitBuffer buffer = TransmitBuffer.of(trial, driver);
        buffer.send(1);
        LockSupport.parkNanos(trial.quiet().toNanos() / 4);
        queue.call().drain();
        trial.note("interrupts off, 30 frames by the transmit queue, one after the other");
        for (int i = 0; i < 30; i++) {
            buffer.send(1);
        }
        LockSupport.parkNanos(trial.quiet().toNanos() / 4);
        long interrupts = queue.call().drain();
        trial.require(interrupts == 0, "%d interrupts", interrupts);
    }

    private static void later(Trial trial) {
        NetDriver driver = trial.attach(trial.setup());
        FrontEndQueue queue = driver.transmitQueue(0);
        TransmitBuffer buffer = TransmitBuffer.of(trial, driver);
        buffer.send(1);
        for (int chains = 2; chains <= 40; chains += 6) {
            LockSupport.parkNanos(trial.quiet().toNanos() / 10);
            queue.call().drain();
            // A packed ring's event is a position, which the chains before it decide: they are offered first.
            buffer.offer(chains - 1);
            queue.ring().enableInterruptsAfter(chains);
            trial.note("an interrupt wanted after %d more frames, then %d", chains, chains - 1);
            Trial.publishAndKick(queue);
            trial.awaitUsed(queue);
            LockSupport.parkNanos(trial.quiet().toNanos() / 10);
            long early = queue.call().drain();
            trial.require(early == 0, "%d interrupts before the last frame", early);
            trial.note("the last of them");
            buffer.offer(1);
            Trial.publishAndKick(queue);
            trial.require(
                    trial.await(trial.patience(), () -> queue.call().drain() > 0),
                    "no interrupt within %d ms; it was %s",
                    trial.patience().toMillis(),
                    queue.ring().hasUsed() ? "used" : "not used either");
            trial.awaitUsed(queue);
        }
    }

    private static void kicks(Trial trial, NetSetup setup) {
        NetDriver driver = trial.attach(setup);
        FrontEndQueue queue = driver.transmitQueue(0);
        TransmitBuffer buffer = TransmitBuffer.of(trial, driver);
        SplittableRandom random = new SplittableRandom(1);
        for (int round = 0; round < 400; round++) {
            int chains = 1 + random.nextInt(MOST_IN_BURST);
            buffer.offer(chains);
            queue.publish();
            if (round % 50 == 0) {
                trial.note("round %d: %d chains, %d kicks so far", round, chains, queue.kicks());
            }
            trial.awaitUsed(queue);
            // Long enough for the device to go to sleep, or not.
            LockSupport.parkNanos(random.nextInt(4) == 0 ? random.nextInt(500_000) : 0);
        }
    }

    private static void random(Trial trial, NetSetup setup) {
        NetDriver driver = trial.attach(setup.queues(1, 64).receive(ChainShape.TOGETHER, 1518, 64));
        SplittableRandom random = new SplittableRandom(2);
        int sent = 0;
        while (sent < RANDOM_FRAMES) {
            List<byte[]> burst = new ArrayList<>();
            for (int i = random.nextInt(MOST_IN_BURST); i >= 0; i--) {
                burst.add(trial.datagram(18 + random.nextInt(300)).complete());
            }
            if (random.nextBoolean()) {
                driver.receiveQueue(0).ring().disableInterrupts();
            }
            driver.sendBurst(0, burst, DriverHeader.PLAIN, ChainShape.TOGETHER);
            for (byte[] frame : burst) {
                sent++;
                if (sent % 500 == 0) {
                    trial.note("%d frames so far", sent);
                }
                // Waits by interrupts, and says when one is missing for what was used.
                trial.expect(frame, driver.receive());
            }
            if (random.nextInt(8) == 0) {
                LockSupport.parkNanos(random.nextInt(300_000));
            }
        }
    }

    private static void onEmpty(Trial trial) {
        NetSetup setup = NetSetup.legacy().with(Feature.NOTIFY_ON_EMPTY);
        NetDriver driver = trial.attachLegacy(setup);
        FrontEndQueue queue = driver.transmitQueue(0);
        queue.ring().disableInterrupts();
        for (int i = 0; i < 5; i++) {
            queue.call().drain();
            trial.note("interrupts off, one frame by the transmit queue, the only one");
            sendOne(trial, driver);
            trial.require(
                    trial.await(trial.patience(), () -> queue.call().drain() > 0),
                    "no interrupt within %d ms",
                    trial.patience().toMillis());
            trial.awaitUsed(queue);
        }
    }
}
