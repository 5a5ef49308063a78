// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HostCapabilitiesJsonTest {
    @Test
    void whatWasWrittenIsRead(@TempDir Path directory) throws IOException {
        HostCapabilities host = HostCapabilities.imagined("alpha", Set.of(HostCapability.TAP, HostCapability.TAP_CSUM));
        Path file = directory.resolve("alpha.json");
        Files.writeString(file, HostCapabilitiesJson.write(host));
        assertThat(HostCapabilitiesJson.read(file)).isEqualTo(host);
    }

    @Test
    void whatIsNotThereIsUnknownAndWhatIsNewIsIgnored() throws IOException {
        HostCapabilities host = HostCapabilitiesJson.parse(
                "{\"vhost4j-host-capabilities\":1,\"capabilities\":{\"tap\":{\"answer\":\"yes\"},\"tap-future\":{\"answer\":\"?\"}}}",
                "f.json");
        assertThat(host.has(HostCapability.TAP)).isTrue();
        assertThat(host.host()).isEqualTo("f.json");
        assertThat(host.answer(HostCapability.TAP_USO).inWords())
                .isEqualTo("unknown (TUNSETOFFLOAD CSUM|USO4|USO6: not in f.json)");
    }

    @Test
    void brokenFilesAreRefusedInOneSentence() {
        assertThatThrownBy(() -> HostCapabilitiesJson.parse("{\n\"a\": }", "f.json"))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("The host capabilities in f.json are not JSON, line 2: ");
        assertThatThrownBy(() -> HostCapabilitiesJson.parse("[]", "f.json"))
                .hasMessageContaining("f.json is not a file of host capabilities");
        assertThatThrownBy(() -> HostCapabilitiesJson.parse(
                        "{\"vhost4j-host-capabilities\":1,\"capabilities\":{\"tap\":{\"answer\":\"maybe\"}}}",
                        "f.json"))
                .hasMessage(
                        "The host capabilities in f.json say 'maybe' about tap; the answer must be yes, no or unknown.");
        assertThatThrownBy(() -> HostCapabilitiesJson.read(Path.of("/nonexistent/f.json")))
                .hasMessage("The host capabilities in /nonexistent/f.json cannot be read: it is not there.");
        assertThatThrownBy(() -> HostCapabilitiesJson.read(Path.of("/dev/zero")))
                .hasMessage("The host capabilities in /dev/zero cannot be read:"
                        + " it is a device, FIFO or socket, not a regular file.");
    }

    @Test
    void whatIsTooLargeIsRefusedByName(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("f.json");
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(300_000_000);
        }
        assertThatThrownBy(() -> HostCapabilitiesJson.read(file))
                .hasMessage("The host capabilities in " + file
                        + " cannot be read: it has 300000000 bytes; at most 1048576 are read.");
        assertThatThrownBy(() -> HostCapabilitiesJson.parse("{\"a\":".repeat(40) + "1" + "}".repeat(40), "f.json"))
                .hasMessage("The host capabilities in f.json are refused:"
                        + " Document nesting depth (33) exceeds the maximum allowed (32).");
        assertThatThrownBy(() -> HostCapabilitiesJson.parse("[" + "[],".repeat(10_000) + "[]]", "f.json"))
                .hasMessageContaining("Token count (10001)");
    }
}
