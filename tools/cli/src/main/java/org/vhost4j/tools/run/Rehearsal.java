// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.sys.SocketPair;
import org.vhost4j.vhostuser.handover.HandOverChannel;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Backend;
import org.vhost4j.vhostuser.server.BackendConfig;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.SilentListener;
import org.vhost4j.vhostuser.server.Switching;

/**
 * Sends frames between two simulated guests and hands these guests over, within this process, so that classes are loaded and code is
 * compiled before the real hand-over. Otherwise that time would be added to the interruption of guests' traffic. The rehearsal has no
 * effects outside the process.
 */
final class Rehearsal {
    private static final int GUESTS = 2;
    private static final int HAND_OVERS = 3;
    private static final int BURSTS = 150;
    private static final int BURST = 16;
    private static final int FRAME_BYTES = 200;

    private final BackendConfig config;
    private Backend backend;

    private Rehearsal(BackendConfig config) {
        this.config = config;
        this.backend = Backend.start(config, new SilentListener());
    }

    /**
     * Runs the rehearsal, for a few seconds at most.
     *
     * @param like the configuration of the back-end that is about to take over
     */
    static void run(BackendConfig like) {
        try {
            Path directory = Files.createTempDirectory("vhost4j-rehearsal");
            try {
                FeatureSet offered = like.offered().plus(like.leftToFrontEnd());
                rehearse(like, offered, directory, NetSetup.full());
                if (offered.has(Feature.RING_PACKED)) {
                    rehearse(like, offered, directory, NetSetup.full().packed());
                }
            } finally {
                Files.deleteIfExists(directory);
            }
        } catch (IOException | RuntimeException | HandOverException e) {
            // The rehearsal is for speed only. A permanent error will occur again in the real hand-over.
        }
    }

    private static void rehearse(BackendConfig like, FeatureSet offered, Path directory, NetSetup setup)
            throws HandOverException {
        List<Endpoint> endpoints = IntStream.range(0, GUESTS)
                .mapToObj(i -> Endpoint.listen(directory.resolve(i + ".sock"), Attach.AUTO))
                .toList();
        boolean coalesce = like.switching() instanceof Switching.Bridged bridged && bridged.coalesce();
        Rehearsal rehearsal = new Rehearsal(BackendConfig.builder(endpoints, offered)
                .switching(new Switching.Bridged(List.of(), coalesce))
                .idle(like.idle())
                .lanes(like.lanes())
                .receiveTimeouts(like.receiveTimeouts())
                .build());
        try (NetDriver one = NetDriver.attach(directory.resolve("0.sock"), setup);
                NetDriver two = NetDriver.attach(directory.resolve("1.sock"), setup)) {
            for (int i = 0; i < HAND_OVERS; i++) {
                exchange(one, two);
                rehearsal.handOver();
            }
            exchange(one, two);
        } finally {
            rehearsal.backend.close();
        }
    }

    private static void exchange(NetDriver one, NetDriver two) {
        List<byte[]> there = frames(1, 2);
        List<byte[]> back = frames(2, 1);
        for (int i = 0; i < BURSTS; i++) {
            one.sendBurst(0, there, DriverHeader.PLAIN, ChainShape.TOGETHER);
            two.sendBurst(0, back, DriverHeader.PLAIN, ChainShape.TOGETHER);
            Optional<?> any = two.poll(0);
            while (any.isPresent()) {
                any = two.poll(0);
            }
            any = one.poll(0);
            while (any.isPresent()) {
                any = one.poll(0);
            }
        }
        one.awaitSent();
        two.awaitSent();
    }

    private static List<byte[]> frames(int from, int to) {
        List<byte[]> frames = new ArrayList<>();
        for (int i = 0; i < BURST; i++) {
            byte[] frame = new byte[FRAME_BYTES];
            frame[0] = 2;
            frame[5] = (byte) to;
            frame[6] = 2;
            frame[11] = (byte) from;
            // Local experimental EtherType 1 of IEEE 802.
            frame[12] = (byte) 0x88;
            frame[13] = (byte) 0xb5;
            frames.add(frame);
        }
        return frames;
    }

    private void handOver() throws HandOverException {
        Backend before = backend;
        SocketPair pair = SocketPair.create();
        try (HandOverChannel old = new HandOverChannel(pair.first());
                HandOverChannel next = new HandOverChannel(pair.second())) {
            CompletableFuture<Boolean> given = CompletableFuture.supplyAsync(() -> {
                try {
                    return before.handOver(old).process() != 0;
                } catch (HandOverException e) {
                    return false;
                }
            });
            backend = Backend.takeOver(config, new SilentListener(), next, () -> {});
            boolean unused = given.join();
            before.close();
        }
    }
}
