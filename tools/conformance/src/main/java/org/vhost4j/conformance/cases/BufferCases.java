// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.List;
import java.util.stream.Stream;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.ReceivedFrame;

/** Cases about how frames fill receive buffers; the driver itself checks each used buffer. */
public final class BufferCases implements CaseGroup {
    private static final String RECEIVE = "virtio 1.4, 5.1.6.4.1";
    private static final int SMALL = 300;

    @Override
    public String title() {
        return "Receive buffers: mergeable and not";
    }

    @Override
    public List<Case> cases() {
        return Case.onBoth(
                Case.of(
                                "rx.mergeable-num-buffers",
                                RECEIVE,
                                "num_buffers is the number of a frame's buffers, all but the last are full, and all become used at once",
                                BufferCases::mergeable)
                        .needs(Feature.MRG_RXBUF)
                        .loops(),
                Case.of(
                                "rx.mergeable-edges",
                                RECEIVE,
                                "a frame that exactly fills its buffers does not use another buffer",
                                BufferCases::edges)
                        .needs(Feature.MRG_RXBUF)
                        .loops(),
                Case.of(
                                "rx.not-mergeable",
                                RECEIVE,
                                "without MRG_RXBUF a frame uses one chain",
                                BufferCases::notMergeable)
                        .loops(),
                Case.of(
                                "rx.buffer-too-small",
                                RECEIVE,
                                "a frame that is too large for every buffer is dropped, and the next frame is received",
                                BufferCases::tooSmall)
                        .loops(),
                Case.of(
                                "rx.no-buffers",
                                "virtio 1.4, 5.1.6.3",
                                "a receive queue without buffers receives frames again after the driver posts buffers",
                                BufferCases::noBuffers)
                        .loops(),
                Case.of(
                                "rx.num-buffers-is-1",
                                RECEIVE,
                                "num_buffers is 1 with VERSION_1 and without MRG_RXBUF",
                                BufferCases::numBuffersIsOne)
                        .needs(Feature.VERSION_1)
                        .loops());
    }

    private static void mergeable(CaseContext context) {
        NetDriver driver = context.attach(context.setup().receive(ChainShape.TOGETHER, SMALL, 200));
        for (int payload : new int[] {18, 250, 700, 1000, 1400}) {
            context.exchange(driver, payload);
        }
    }

    private static void edges(CaseContext context) {
        NetDriver driver = context.attach(context.setup().receive(ChainShape.TOGETHER, SMALL, 200));
        int capacity = SMALL + driver.headerBytes();
        int headers = context.datagram(0).headerLength();
        for (int buffers = 1; buffers <= 4; buffers++) {
            for (int more = -1; more <= 1; more++) {
                // The frame and its one header fill exactly that number of buffers.
                int payload = buffers * capacity - driver.headerBytes() - headers + more;
                byte[] frame = context.datagram(payload).complete();
                context.note("a frame of %d bytes for buffers of %d bytes, header included", frame.length, capacity);
                driver.send(frame);
                ReceivedFrame came = context.receive(driver);
                context.expect(frame, came);
                int wanted = buffers + (more > 0 ? 1 : 0);
                context.require(
                        came.header().numBuffers() == wanted,
                        "num_buffers is %d instead of %d",
                        came.header().numBuffers(),
                        wanted);
            }
        }
    }

    private static void notMergeable(CaseContext context) {
        NetDriver driver = context.attach(context.setup().without(Feature.MRG_RXBUF));
        for (int payload : new int[] {18, 700, 1400}) {
            context.exchange(driver, payload);
        }
    }

    private static void tooSmall(CaseContext context) {
        NetSetup setup = context.setup().without(Feature.MRG_RXBUF).receive(ChainShape.TOGETHER, 700, 64);
        NetDriver driver = context.attach(setup);
        context.note("a frame of 1242 bytes for buffers of 700 bytes");
        driver.send(context.datagram(1200).complete());
        context.require(
                context.receive(driver, context.quiet()).isEmpty(),
                "a used buffer for a frame that is larger than each buffer");
        context.exchange(driver, 500);
    }

    private static void noBuffers(CaseContext context) {
        NetSetup setup = context.setup().queues(1, 64).receive(ChainShape.TOGETHER, 1518, 8);
        NetDriver driver = context.attach(setup);
        context.note("30 frames for 8 buffers");
        List<byte[]> frames = Stream.generate(() -> context.datagram(300).complete())
                .limit(30)
                .toList();
        driver.sendBurst(0, frames, DriverHeader.PLAIN, ChainShape.TOGETHER);
        int came = 0;
        while (context.receive(driver, context.quiet()).isPresent()) {
            came++;
        }
        context.require(came >= 1 && came <= 30, "%d frames", came);
        context.exchange(driver, 500);
    }

    private static void numBuffersIsOne(CaseContext context) {
        NetDriver driver = context.attach(context.setup().without(Feature.MRG_RXBUF));
        context.note("a frame");
        driver.send(context.datagram(500).complete());
        int came = context.receive(driver).header().numBuffers();
        context.require(came == 1, "num_buffers is %d", came);
    }
}
