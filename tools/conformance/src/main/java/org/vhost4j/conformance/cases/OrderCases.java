// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;

/** Cases about buffers that are used in order, and queues that are reset individually. */
public final class OrderCases implements CaseGroup {
    private static final String IN_ORDER = "virtio 1.4, 2.7.9 and 2.8.13";
    private static final String RESET = "virtio 1.4, 2.6.1";
    private static final int SIZE = 64;
    private static final int SMALL = 300;
    private static final int ROUNDS = 6;
    private static final int RANDOM_FRAMES = 600;

    @Override
    public String title() {
        return "In-order use, and reset of single queues";
    }

    @Override
    public List<Case> cases() {
        List<Case> all = new ArrayList<>();
        for (Case each : List.of(
                ordered(
                                "mergeable",
                                "with IN_ORDER frames fill several receive buffers in their order",
                                OrderCases::mergeable)
                        .needs(Feature.MRG_RXBUF),
                ordered(
                                "indirect",
                                "with IN_ORDER direct and indirect chains may alternate",
                                context -> shapes(context, true))
                        .needs(Feature.INDIRECT_DESC),
                ordered(
                        "chains",
                        "with IN_ORDER chains of different lengths wrap around the end of the ring",
                        context -> shapes(context, false)),
                ordered("resume", "with IN_ORDER a ring continues where it stopped", OrderCases::resume),
                ordered("random", "with IN_ORDER bursts of any length are returned", OrderCases::random),
                ordered(
                        "notifications",
                        "with IN_ORDER no requested interrupt is missing",
                        OrderCases::notifications))) {
            all.addAll(Case.onBoth(each));
        }
        for (Case each : List.of(
                Case.of(
                        "reset.transmit-ring",
                        RESET,
                        "a transmit queue that is reset restarts with an empty ring",
                        context -> reset(context, 1)),
                Case.of(
                        "reset.receive-ring",
                        RESET,
                        "a receive queue that is reset does not affect the transmit queue, and restarts with an empty ring",
                        context -> reset(context, 0)))) {
            all.addAll(Case.onBoth(each.needs(Feature.RING_RESET, Feature.PROTOCOL_FEATURES)));
        }
        return all;
    }

    private static Case ordered(String name, String says, Case.Body body) {
        return Case.of("in-order." + name, IN_ORDER, says, body)
                .needs(Feature.IN_ORDER)
                .loops();
    }

    private static NetSetup setup(CaseContext context, int frameBytes) {
        return context.setup().inOrder().queues(1, SIZE).receive(ChainShape.TOGETHER, frameBytes, SIZE);
    }

    private static void mergeable(CaseContext context) {
        NetDriver driver = context.attach(setup(context, SMALL));
        for (int round = 0; round < ROUNDS; round++) {
            for (int payload : new int[] {18, 250, 700, 1000, 1400}) {
                context.exchange(driver, payload);
            }
        }
    }

    private static void shapes(CaseContext context, boolean indirect) {
        NetDriver driver = context.attach(setup(context, NetSetup.PLAIN_FRAME_BYTES));
        for (int i = 0; i < ROUNDS * SIZE / 4; i++) {
            ChainShape direct = ChainShape.pieces(100 + 90 * (i % 9));
            byte[] frame = context.datagram(900).complete();
            context.note("a chain with the frame in descriptors of %d bytes", direct.framePiece());
            driver.send(0, frame, DriverHeader.PLAIN, indirect && i % 2 == 0 ? direct.inTable() : direct);
            context.expect(frame, context.receive(driver));
        }
    }

    private static void resume(CaseContext context) {
        NetDriver driver = context.attach(setup(context, NetSetup.PLAIN_FRAME_BYTES));
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < 7; i++) {
                context.exchange(driver, 200 + round);
            }
            driver.awaitSent();
            context.note("GET_VRING_BASE of both queues, then starting them at that base");
            List<Integer> bases = new ArrayList<>();
            for (FrontEndQueue queue : driver.queues()) {
                bases.add(queue.stop(driver.frontEnd()));
            }
            for (FrontEndQueue queue : driver.queues()) {
                queue.start(driver.frontEnd(), bases.get(queue.index()));
            }
            context.exchangeSoon(driver, 400);
            driver.awaitSent();
        }
        context.exchange(driver, 300);
    }

    private static List<byte[]> burst(CaseContext context, int frames) {
        List<byte[]> burst = new ArrayList<>();
        for (int i = 0; i < frames; i++) {
            burst.add(context.datagram(18 + 30 * i).complete());
        }
        return burst;
    }

    private static void random(CaseContext context) {
        NetDriver driver = context.attach(setup(context, NetSetup.PLAIN_FRAME_BYTES));
        SplittableRandom random = context.random();
        for (int sent = 0; sent < RANDOM_FRAMES; ) {
            List<byte[]> burst = burst(context, 1 + random.nextInt(24));
            context.note("%d frames at once", burst.size());
            driver.sendBurst(0, burst, DriverHeader.PLAIN, ChainShape.TOGETHER);
            for (byte[] frame : burst) {
                context.expect(frame, context.receive(driver));
            }
            sent += burst.size();
        }
    }

    private static void notifications(CaseContext context) {
        NetDriver driver = context.attach(setup(context, NetSetup.PLAIN_FRAME_BYTES));
        for (int i = 0; i < SIZE; i++) {
            List<byte[]> burst = burst(context, 1 + i % 5);
            context.note("%d frames at once", burst.size());
            driver.sendBurst(0, burst, DriverHeader.PLAIN, ChainShape.TOGETHER);
            for (byte[] frame : burst) {
                // Waits by interrupts, and fails when one is missing for used chains.
                context.expect(frame, driver.receive());
            }
        }
    }

    private static void reset(CaseContext context, int index) {
        NetSetup setup = context.setup()
                .with(Feature.RING_RESET)
                .queues(1, SIZE)
                .receive(ChainShape.TOGETHER, NetSetup.PLAIN_FRAME_BYTES, 0);
        NetDriver driver = context.attach(setup);
        TransmitBuffer buffer = TransmitBuffer.of(context, driver);
        FrontEndQueue queue = driver.queues().get(index);
        int beginning = queue.ring() instanceof PackedDriver ? PackedDriver.START : 0;
        for (int round = 0; round < ROUNDS; round++) {
            buffer.send(3 + round);
            context.note("SET_VRING_ENABLE 0 and GET_VRING_BASE of queue %d, then an empty ring with base 0", index);
            driver.frontEnd().setVringEnable(index, false);
            queue.stop(driver.frontEnd());
            if (index == 0) {
                buffer.send(1);
            }
            queue.ring().reset(beginning);
            queue.start(driver.frontEnd(), beginning);
            driver.frontEnd().setVringEnable(index, true);
            driver.frontEnd().barrier();
        }
        buffer.send(5);
    }
}
