// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.packaging;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SystemdAnalyzeTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    private Path unit(String line) throws IOException {
        return Files.writeString(directory.resolve("a.service"), "[Service]\nExecStart=/bin/true\n" + line + "\n");
    }

    @Test
    void aUnitThatSystemdReadsPasses() throws IOException, InterruptedException {
        SystemdAnalyze.verify(List.of(unit("Restart=no")));
    }

    @Test
    void anUnknownKeyFails() throws IOException {
        Path unit = unit("Nonsense=1");
        assertThatThrownBy(() -> SystemdAnalyze.verify(List.of(unit)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("Nonsense");
    }

    @Test
    void aCommandThatFailsIsNotTakenForOneWithoutFindings() {
        assertThatThrownBy(() -> SystemdAnalyze.passing("nonsense"))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("ended with status 1");
    }
}
