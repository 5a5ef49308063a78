// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.bridge.Bridge;
import org.vhost4j.device.capture.CaptureOptions;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.feature.NetFeatures;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.host.lane.Lane;

/** Tests the removal of a port while frames are forwarded. */
class PortRemovalTest {
    /** A port that records when it is closed. */
    private static final class Port extends IdlePort {
        private final Runnable closing;

        Port(Runnable closing) {
            super("port");
            this.closing = closing;
        }

        @Override
        public void close() {
            closing.run();
        }
    }

    /** Whether a bridge can still hand frames to a port. Called by its lane. */
    private static boolean has(LaneContext context, FramePort port) {
        Bridge bridge = context.bridge();
        try {
            return bridge != null && bridge.numberOf(context.bridgePort(port)) >= 0;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static Uplink opening(CompletableFuture<Port> opened, Runnable closing) {
        return new Uplink() {
            @Override
            public String name() {
                return "port";
            }

            @Override
            public Opened open(Lane lane, FrameSink sink) {
                Port port = new Port(closing);
                opened.complete(port);
                return port;
            }
        };
    }

    private static BackendConfig.Builder growing() {
        return BackendConfig.builder(List.of(), FeatureSet.of(NetFeatures.ALL)).growing(true);
    }

    private static Uplink plain() {
        return opening(new CompletableFuture<>(), () -> {});
    }

    @Test
    void itsNameCanBeCapturedAgain(@TempDir Path directory) throws Exception {
        try (Backend backend = Backend.start(growing().build(), new SilentListener())) {
            backend.membership().addPort(plain());
            backend.captures().start("one", List.of("port"), CaptureOptions.of(directory.resolve("1.pcapng")), "test");
            backend.membership().removePort("port");
            backend.membership().addPort(plain());
            backend.captures().start("two", List.of("port"), CaptureOptions.of(directory.resolve("2.pcapng")), "test");
            assertThat(backend.captures().stop("one")).isPresent();
            assertThatThrownBy(() -> backend.captures()
                            .start("three", List.of("port"), CaptureOptions.of(directory.resolve("3.pcapng")), "test"))
                    .hasMessage("'port' is in capture 'two' already");
        }
    }

    @Test
    void nothingChangesWhenAnotherBackEndHasEverything() throws ChangeRefused {
        try (Backend backend = Backend.start(growing().build(), new SilentListener())) {
            backend.membership().addPort(plain());
            backend.leave();
            assertThatThrownBy(() -> backend.membership().removePort("port"))
                    .isInstanceOf(ChangeRefused.class)
                    .hasMessage("the back-end ends");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void itsDescriptorsAreClosedWhenNoBridgeHasItAnyMore(int lanes) throws ChangeRefused {
        BackendConfig config = growing().lanes(lanes).build();
        List<Boolean> had = Collections.synchronizedList(new ArrayList<>());
        try (Backend backend = Backend.start(config, new SilentListener())) {
            LaneContext first = backend.contexts().getFirst();
            CompletableFuture<Port> opened = new CompletableFuture<>();
            backend.membership().addPort(opening(opened, () -> had.add(has(first, opened.join()))));
            Backend.inLane(first, () -> had.add(has(first, opened.join())));
            backend.membership().removePort("port");
        }
        assertThat(had).as("before, and when it is closed").containsExactly(true, false);
    }
}
