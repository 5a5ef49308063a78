// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.vhost4j.sys.Await;
import org.vhost4j.sys.OpenDescriptors;

final class HostProbeTest {
    @Test
    void everythingIsAnsweredOnAnyHostAndNothingIsLeftBehind() throws IOException {
        HostProbe.probe();
        OpenDescriptors before = OpenDescriptors.now();
        HostCapabilities host = HostProbe.probe();
        assertThat(host.answers()).containsOnlyKeys(HostCapability.values());
        assertThat(host.answers().values()).noneMatch(answer -> answer.said().isEmpty());
        before.awaitNoOthers();
        // Another process may be probing, too.
        Await.until(
                "no interface is left",
                () -> !Files.readString(Path.of("/proc/net/dev")).contains("vh4jprobe"));
    }
}
