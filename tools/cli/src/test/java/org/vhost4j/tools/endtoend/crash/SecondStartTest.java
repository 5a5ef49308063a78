// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.sys.InSharedMemory;
import org.vhost4j.sys.SystemError;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Backend;
import org.vhost4j.vhostuser.server.BackendConfig;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.SilentListener;
import org.vhost4j.vhostuser.server.Switching;

/**
 * Tests that a second back-end for the socket of a running one fails to start, and does not change the files beside the
 * socket.
 */
class SecondStartTest {
    @TempDir(factory = InSharedMemory.class)
    Path directory;

    private Backend start(int queuePairs) {
        return Backend.start(
                BackendConfig.builder(
                                List.of(Endpoint.listen(directory.resolve("a.sock"), Attach.AUTO)),
                                FeatureSet.of(Feature.VERSION_1, Feature.MAC, Feature.CTRL_VQ, Feature.MQ))
                        .switching(new Switching.Dropped())
                        .queuePairs(queuePairs)
                        .promise("platform new")
                        .build(),
                new SilentListener());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void positionsOfTheFirstStay(int queuePairs) throws IOException {
        Path positions = directory.resolve("a.sock.positions");
        try (Backend first = start(1)) {
            assertThat(first).isNotNull();
            Object file = Files.getAttribute(positions, "unix:ino");
            assertThatThrownBy(() -> start(queuePairs))
                    .isInstanceOf(SystemError.class)
                    .hasMessage("cannot listen on " + directory.resolve("a.sock")
                            + ": another process listens there already");
            assertThat(Files.getAttribute(positions, "unix:ino")).isEqualTo(file);
        }
        assertThat(positions).doesNotExist();
    }
}
