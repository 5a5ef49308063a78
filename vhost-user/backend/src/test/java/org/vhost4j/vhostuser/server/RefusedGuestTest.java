// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.feature.NetFeatures;
import org.vhost4j.sys.InSharedMemory;

class RefusedGuestTest {
    /** A guest whose socket cannot be made leaves beside it what an earlier run has left, and nothing of its own. */
    @Test
    void filesOfAnEarlierRunStay(@TempDir(factory = InSharedMemory.class) Path directory) throws Exception {
        Path socket = Files.createFile(directory.resolve("a.sock"));
        Path positions = directory.resolve("a.sock" + ProgressFile.SUFFIX);
        BackendConfig config = BackendConfig.builder(
                        List.of(Endpoint.listen(directory.resolve("b.sock"), Attach.AUTO)),
                        FeatureSet.of(NetFeatures.ALL))
                .promise("a test")
                .build();
        try (Backend backend = Backend.start(config, new SilentListener())) {
            Endpoint guest = Endpoint.listen(socket, Attach.AUTO);
            assertThatThrownBy(() -> backend.membership().addGuest(guest)).hasMessageContaining("is not a socket");
            assertThat(positions).doesNotExist();

            ProgressFile.of(socket, 3, line -> {}).close();
            Object before = Files.getAttribute(positions, "unix:ino");
            assertThatThrownBy(() -> backend.membership().addGuest(guest)).hasMessageContaining("is not a socket");
            assertThat(Files.getAttribute(positions, "unix:ino")).isEqualTo(before);
            assertThat(backend.guests()).hasSize(1);
        }
    }
}
