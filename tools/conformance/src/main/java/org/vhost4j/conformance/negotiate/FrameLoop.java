// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.negotiate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.conformance.LoopMode;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;

/**
 * Sends frames through a back-end that returns them, in every negotiated form: rings so small that they wrap around
 * several times, short and full frames, in one and in many descriptors. Frames of other senders that arrive meanwhile
 * are ignored.
 */
final class FrameLoop {
    private static final int RING_SIZE = 16;
    private static final int ROUNDS = 4;
    private static final int OURS = 0x21;
    private static final int THEIRS = 0x22;
    private static final int MAC_BYTES = 6;
    private static final int[] PAYLOADS = {18, 1472, 333, 1};
    /** Number of frames for each seed: more than one loop sends. */
    private static final long FRAMES_OF_A_SEED = 1_000_003;

    /** Maximum number of frames of other senders that are ignored while a frame of this loop is awaited. */
    private static final int STRAYS = 100;

    private static final long BIG = Feature.GUEST_TSO4.mask()
            | Feature.GUEST_TSO6.mask()
            | Feature.GUEST_UFO.mask()
            | Feature.GUEST_USO4.mask()
            | Feature.GUEST_USO6.mask();

    private final FrontEnd frontEnd;
    private final long seed;
    private @Nullable LoopMode loop;

    /**
     * Creates a loop.
     *
     * @param frontEnd a connection on which everything was acknowledged
     * @param loop how the back-end returns frames, or null to detect it
     * @param seed seed of the frames' contents
     */
    FrameLoop(FrontEnd frontEnd, @Nullable LoopMode loop, long seed) {
        this.frontEnd = frontEnd;
        this.seed = seed;
        this.loop = loop;
    }

    /**
     * Starts the queues, sends frames, waits until each one returns, and stops the queues. The connection is closed afterwards.
     *
     * @return the number of frames that returned undamaged
     * @throws FrontEndException when one did not return, or was damaged
     * @throws org.vhost4j.device.driver.DeviceViolationException when the device broke a rule of the rings
     */
    int run() {
        long features = frontEnd.features();
        int frames = 0;
        try (NetDriver driver = NetDriver.over(frontEnd, setup(features))) {
            driver.start();
            for (int round = 0; round < ROUNDS; round++) {
                for (ChainShape shape : shapes(features)) {
                    for (int payload : PAYLOADS) {
                        byte[] frame = frame(payload, seed * FRAMES_OF_A_SEED + frames);
                        driver.send(0, frame, DriverHeader.PLAIN, shape);
                        expect(frame, driver);
                        frames++;
                    }
                }
            }
            driver.awaitSent();
            // The positions are not checked here, but by the conformance suite.
            driver.queues().forEach(queue -> queue.stop(frontEnd));
        }
        return frames;
    }

    private static NetSetup setup(long features) {
        boolean anyLayout = Feature.VERSION_1.in(features) || Feature.ANY_LAYOUT.in(features);
        NetSetup setup = NetSetup.full()
                .queues(1, RING_SIZE)
                .receive(
                        anyLayout ? ChainShape.TOGETHER : ChainShape.HEADER_APART,
                        NetSetup.PLAIN_FRAME_BYTES,
                        RING_SIZE);
        return (features & BIG) != 0 && !Feature.MRG_RXBUF.in(features) ? setup.bigBuffers() : setup;
    }

    private static List<ChainShape> shapes(long features) {
        List<ChainShape> shapes = new ArrayList<>(List.of(ChainShape.HEADER_APART, ChainShape.pieces(300)));
        if (Feature.VERSION_1.in(features) || Feature.ANY_LAYOUT.in(features)) {
            shapes.add(ChainShape.TOGETHER);
        }
        if (Feature.INDIRECT_DESC.in(features)) {
            // No chain may have more descriptors than the ring, in a table or not (virtio 1.4 section 2.7.5.3.1).
            shapes.add(ChainShape.pieces(200).inTable());
        }
        return shapes;
    }

    private static byte[] frame(int payload, long number) {
        return PacketBuilder.udp4().macs(OURS, THEIRS).payload(payload, number).complete();
    }

    private void expect(byte[] sent, NetDriver driver) {
        for (int i = 0; i < STRAYS; i++) {
            ReceivedFrame frame = driver.receive();
            byte[] came = frame.bytes();
            if (isOurs(came)) {
                compare(sent, came);
                return;
            }
        }
        throw new FrontEndException("none of " + STRAYS + " frames was the sent one");
    }

    private static boolean isOurs(byte[] frame) {
        byte[] ours = PacketBuilder.mac(OURS);
        byte[] theirs = PacketBuilder.mac(THEIRS);
        return begins(frame, theirs, ours) || begins(frame, ours, theirs);
    }

    private static boolean begins(byte[] frame, byte[] to, byte[] from) {
        return frame.length >= 2 * MAC_BYTES
                && Arrays.equals(frame, 0, MAC_BYTES, to, 0, MAC_BYTES)
                && Arrays.equals(frame, MAC_BYTES, 2 * MAC_BYTES, from, 0, MAC_BYTES);
    }

    private void compare(byte[] sent, byte[] came) {
        if (loop == null) {
            loop = Arrays.equals(LoopMode.MACSWAP.returned(sent), came) ? LoopMode.MACSWAP : LoopMode.ECHO;
        }
        byte[] expected = loop.returned(sent);
        int at = Arrays.mismatch(expected, came);
        if (at >= 0) {
            throw new FrontEndException("a frame of " + sent.length + " bytes was returned with " + came.length
                    + " bytes, and byte " + at + " is the first that differs");
        }
    }
}
