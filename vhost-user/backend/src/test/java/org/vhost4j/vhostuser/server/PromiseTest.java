// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.handover.StateWriter;

class PromiseTest {
    private static final FeatureSet MORE = FeatureSet.of(Feature.VERSION_1, Feature.CSUM, Feature.HOST_UFO);
    private static final FeatureSet LESS = FeatureSet.of(Feature.VERSION_1, Feature.CSUM);

    private static BackendConfig.Builder config(FeatureSet offered, String... sockets) {
        return BackendConfig.builder(
                Stream.of(sockets)
                        .map(path -> Endpoint.listen(Path.of(path), Attach.AUTO))
                        .toList(),
                offered);
    }

    private static Optional<String> broken(BackendConfig before, BackendConfig after) {
        return Promise.broken(Promise.of(before), after);
    }

    @Test
    void theSameAndMoreIsKept() {
        BackendConfig before = config(LESS, "a", "b").promise("platform x").build();
        assertThat(broken(before, before)).isEmpty();
        assertThat(broken(before, config(MORE, "a", "b").lanes(2).build())).isEmpty();
    }

    @Test
    void aSmallerOfferIsNamed() {
        assertThat(broken(
                        config(MORE, "a").promise("platform x").build(),
                        config(LESS, "a").promise("platform y").build()))
                .contains("guests were promised something else (platform x) than here (platform y): "
                        + "offered there and not here: HOST_UFO (0x4000)");
    }

    @Test
    void anotherAbiIsNamed() {
        assertThat(broken(
                        config(LESS, "a").view(view("mtu 9000")).build(),
                        config(LESS, "a").view(view("mtu 1500")).build()))
                .hasValueSatisfying(reason -> assertThat(reason).contains("expected mtu 9000, is mtu 1500"));
    }

    private static GuestView view(String abi) {
        return new GuestView() {
            @Override
            public String fingerprint() {
                return abi;
            }

            @Override
            public List<String> differences(String expected) {
                return expected.equals(abi) ? List.of() : List.of("expected " + expected + ", is " + abi);
            }
        };
    }

    @Test
    void otherSocketsPortsAndQueuesAreNamed() {
        assertThat(broken(config(LESS, "a", "b").build(), config(LESS, "b", "a").build()))
                .hasValueSatisfying(reason -> assertThat(reason)
                        .contains("the sockets are [a, b] there and [b, a] here: give the same --socket-path"));
        assertThat(broken(
                        config(LESS, "a").build(),
                        config(LESS, "a").switching(new Switching.Echoed()).build()))
                .hasValueSatisfying(
                        reason -> assertThat(reason).contains("the ports are Bridged [] there and Echoed [] here"));
        assertThat(broken(
                        config(LESS, "a").queuePairs(4).build(),
                        config(LESS, "a").build()))
                .hasValueSatisfying(
                        reason -> assertThat(reason).contains("guests have 4 queue pairs there and 1 here"));
    }

    @Test
    void itIsReadAsItWasWritten() throws HandOverException {
        Promise promise = Promise.of(
                config(MORE, "a", "b").promise("platform x").queuePairs(3).build());
        StateWriter written = new StateWriter();
        promise.save(written);
        StateReader read = new StateReader("the promise", written.bytes(), List.of());
        assertThat(Promise.load(read)).isEqualTo(promise);
        read.end();
    }
}
