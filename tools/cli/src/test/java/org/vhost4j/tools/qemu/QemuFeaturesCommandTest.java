// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.tools.common.UnsupportedOption;
import picocli.CommandLine;

/** Tests the arguments that the command refuses before it starts a QEMU. */
class QemuFeaturesCommandTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    private static void refused(String message, String... arguments) {
        QemuFeaturesCommand command = new QemuFeaturesCommand();
        new CommandLine(command).parseArgs(arguments);
        assertThatThrownBy(command::call).isInstanceOf(UnsupportedOption.class).hasMessageContaining(message);
    }

    @Test
    void whatIsNoQemu() throws IOException {
        refused("--qemu x: " + directory.resolve("x") + " cannot be executed", "--qemu", "x=" + directory.resolve("x"));
        Path script = Files.writeString(directory.resolve("y"), "#!/bin/sh\necho hello\n");
        assertThat(script.toFile().setExecutable(true)).isTrue();
        refused("QEMU y: " + script + " --version does not print QEMU's version line", "--qemu", "y=" + script);
    }

    @Test
    void aLabWithoutQemus() {
        refused("there is no " + directory.resolve("qemu-stock"), "--lab", directory.toString());
        refused("exclude each other", "--lab", directory.toString(), "--qemu", "x=/bin/true");
    }

    @Test
    void aDocumentWithoutAPlace() throws IOException {
        Path document = Files.writeString(directory.resolve("a.md"), "# Title\n");
        refused("has no place for the tables", "--markdown", document.toString());
        assertThat(document).hasContent("# Title\n");
        refused(
                "no file can be made there",
                "--markdown",
                directory.resolve("no/b.md").toString());
        refused("cannot be written", "--markdown", directory.toString());
    }
}
