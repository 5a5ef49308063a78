// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;

/** Cases about chains of every length and layout, indirect tables, queues of every size, and in-order use. */
public final class ChainCases implements CaseGroup {
    private static final String FRAMING = "virtio 1.4, 2.7.4";
    private static final String INDIRECT = "virtio 1.4, 2.7.5.3 and 2.8.7";
    private static final String IN_ORDER = "virtio 1.4, 2.7.9 and 2.8.13";
    private static final int FRAME_PAYLOAD = 1000;

    @Override
    public String title() {
        return "Chains: lengths, layouts, indirect tables, queue sizes";
    }

    @Override
    public List<Case> cases() {
        Case lengths = Case.of(
                        "chain.transmit-lengths",
                        FRAMING,
                        "a frame may be split over any number of descriptors",
                        ChainCases::transmitLengths)
                .loops();
        Case whole = Case.of(
                        "chain.as-long-as-the-queue",
                        "virtio 1.4, 2.7.5",
                        "a chain may be as long as the queue",
                        ChainCases::asLongAsTheQueue)
                .loops();
        Case layout = Case.of(
                        "chain.any-layout",
                        FRAMING,
                        "header and frame may be split over descriptors at any position, or not at all",
                        context -> layouts(context, context.attach(context.setup())))
                .needs(Feature.VERSION_1)
                .loops();
        Case receive = Case.of(
                        "chain.receive-layouts",
                        FRAMING,
                        "a receive buffer may be split over any number of descriptors",
                        ChainCases::receiveLayouts)
                .needs(Feature.VERSION_1)
                .loops();
        Case indirect = Case.of(
                        "chain.indirect-transmit",
                        INDIRECT,
                        "a frame may be in an indirect table of any length, and direct and indirect chains may alternate",
                        ChainCases::indirectTransmit)
                .needs(Feature.INDIRECT_DESC)
                .loops();
        Case indirectReceive = Case.of(
                        "chain.indirect-receive",
                        INDIRECT,
                        "a receive buffer may be in an indirect table",
                        ChainCases::indirectReceive)
                .needs(Feature.INDIRECT_DESC)
                .loops();
        Case inOrder = Case.of(
                        "chain.in-order",
                        IN_ORDER,
                        "with IN_ORDER buffers are used in the order in which they were made available",
                        ChainCases::inOrder)
                .needs(Feature.IN_ORDER)
                .loops();
        Case laps = Case.of(
                        "chain.laps",
                        "virtio 1.4, 2.7 and 2.8.1",
                        "chains of different lengths wrap around the end of the ring",
                        ChainCases::laps)
                .loops();
        List<Case> all =
                new ArrayList<>(Case.onBoth(lengths, whole, layout, receive, indirect, indirectReceive, inOrder, laps));
        all.add(Case.of(
                        "chain.any-layout-legacy",
                        "virtio 1.4, 2.7.4.3",
                        "with ANY_LAYOUT a legacy driver may put header and frame into one descriptor",
                        context -> layouts(
                                context, context.attachLegacy(NetSetup.legacy().with(Feature.ANY_LAYOUT))))
                .needs(Feature.ANY_LAYOUT)
                .loops());
        all.add(sizes(
                "chain.queue-sizes",
                "virtio 1.4, 2.7",
                "the size of a split queue may be any power of two",
                4,
                16,
                512,
                1024));
        all.add(sizes(
                        "chain.queue-sizes",
                        "virtio 1.4, 2.8.10.1",
                        "the size of a packed queue may be any number",
                        3,
                        17,
                        100,
                        255,
                        1000)
                .onPacked());
        return all;
    }

    private static Case sizes(String name, String section, String says, int... sizes) {
        return Case.of(name, section, says, context -> {
                    for (int size : sizes) {
                        try (NetDriver driver = context.attach(context.setup()
                                .queues(1, size)
                                .receive(ChainShape.TOGETHER, NetSetup.PLAIN_FRAME_BYTES, size))) {
                            context.note("queues of %d entries", size);
                            // Enough for every ring to wrap around, in less than a minute.
                            for (int i = 0; i < Math.min(2 * size + 1, 300); i++) {
                                exchange(context, driver, ChainShape.TOGETHER);
                            }
                            driver.awaitSent();
                            context.note("%d frames at once, each in its own descriptor", size);
                            TransmitBuffer.of(context, driver).send(size);
                        }
                    }
                })
                .loops();
    }

    private static void exchange(CaseContext context, NetDriver driver, ChainShape shape) {
        byte[] frame = context.datagram(FRAME_PAYLOAD).complete();
        driver.send(0, frame, DriverHeader.PLAIN, shape);
        context.expect(frame, context.receive(driver));
    }

    private static void transmitLengths(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        for (int pieces = 1; pieces <= 24; pieces++) {
            int bytes = Math.ceilDiv(context.datagram(FRAME_PAYLOAD).complete().length, pieces);
            context.note("the header in one descriptor, the frame in descriptors of %d bytes", bytes);
            exchange(context, driver, ChainShape.pieces(bytes));
        }
    }

    private static void asLongAsTheQueue(CaseContext context) {
        int size = 16;
        NetDriver driver = context.attach(context.setup().queues(1, size).receive(ChainShape.TOGETHER, 1518, size));
        int bytes = context.datagram(FRAME_PAYLOAD).complete().length;
        for (int i = 0; i < 5; i++) {
            context.note("a chain of %d descriptors in a queue of %d", size, size);
            exchange(context, driver, ChainShape.pieces(Math.ceilDiv(bytes, size - 1)));
            driver.awaitSent();
        }
    }

    private static void layouts(CaseContext context, NetDriver driver) {
        for (ChainShape shape : List.of(
                ChainShape.TOGETHER,
                ChainShape.HEADER_APART,
                ChainShape.HEADER_SPREAD,
                new ChainShape(5, 0, false),
                new ChainShape(0, 333, false),
                new ChainShape(7, 77, false))) {
            context.note("%s", describe(shape));
            exchange(context, driver, shape);
        }
    }

    private static String describe(ChainShape shape) {
        String header = switch (shape.headerPiece()) {
            case 0 -> "the header and the frame's first bytes in one descriptor";
            case Integer.MAX_VALUE -> "the header in one descriptor";
            default -> "the header in descriptors of " + shape.headerPiece() + " bytes";
        };
        String frame = shape.framePiece() == 0
                ? "the frame in one descriptor"
                : "the frame in descriptors of " + shape.framePiece();
        return header + ", " + frame + (shape.indirect() ? ", in an indirect table" : "");
    }

    private static void receiveLayouts(CaseContext context) {
        for (ChainShape shape :
                List.of(ChainShape.HEADER_APART, new ChainShape(0, 100, false), new ChainShape(5, 64, false))) {
            receive(context, context.setup(), shape);
            receive(context, context.setup().without(Feature.MRG_RXBUF), shape);
        }
    }

    private static void receive(CaseContext context, NetSetup setup, ChainShape shape) {
        try (NetDriver driver = context.attach(setup.receive(shape, NetSetup.PLAIN_FRAME_BYTES, 8))) {
            context.note("receive buffers with %s", describe(shape));
            for (int i = 0; i < 10; i++) {
                exchange(context, driver, ChainShape.TOGETHER);
            }
        }
    }

    private static void indirectTransmit(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        for (int bytes : new int[] {2000, 600, 200, 50, 13, 10}) {
            context.note("an indirect table with the frame in descriptors of %d bytes, then a direct chain", bytes);
            exchange(context, driver, ChainShape.pieces(bytes).inTable());
            exchange(context, driver, ChainShape.HEADER_APART);
        }
        exchange(context, driver, ChainShape.TOGETHER.inTable());
    }

    private static void indirectReceive(CaseContext context) {
        for (ChainShape shape : List.of(ChainShape.TOGETHER, ChainShape.HEADER_APART, ChainShape.pieces(100))) {
            receive(context, context.setup(), shape.inTable());
        }
    }

    private static void inOrder(CaseContext context) {
        NetDriver driver =
                context.attach(context.setup().inOrder().queues(1, 32).receive(ChainShape.TOGETHER, 1518, 32));
        for (int round = 0; round < 30; round++) {
            List<byte[]> frames = IntStream.range(0, 1 + round % 12)
                    .mapToObj(i -> context.datagram(100 + i).complete())
                    .toList();
            context.note("%d frames at once", frames.size());
            driver.sendBurst(0, frames, DriverHeader.PLAIN, ChainShape.TOGETHER);
            for (byte[] frame : frames) {
                context.expect(frame, context.receive(driver));
            }
            driver.awaitSent();
        }
    }

    private static void laps(CaseContext context) {
        NetDriver driver = context.attach(context.setup().queues(1, 16).receive(ChainShape.TOGETHER, 1518, 16));
        List<ChainShape> shapes =
                Stream.of(2000, 400, 300, 150, 99).map(ChainShape::pieces).toList();
        context.note("200 frames in chains of 2 to 12 descriptors, in a queue of 16");
        for (int i = 0; i < 200; i++) {
            exchange(context, driver, shapes.get(i % shapes.size()));
        }
    }
}
