// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.tools.common.UnsupportedOption;

final class QemuQuestionsTest {
    @TempDir
    Path directory;

    private Path program(String script) throws IOException {
        Path program = Files.writeString(directory.resolve("qemu"), "#!/bin/bash\n" + script);
        return Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    }

    /** When QEMU quits, it drops answers that have not been read. */
    @Test
    void qemuIsToldToQuitOnlyAfterItsLastAnswer() throws IOException {
        Path qemu = program("""
                echo '{"QMP": {"version": {"qemu": {"major": 9, "minor": 1, "micro": 0}}}}'
                while read -r line; do
                    case $line in
                        *'"machines"'*) echo '{"return": [{"name": "pc-q35-9.1"}], "id": "machines"}' ;;
                        *'"arm-cpu"}'*)
                            read -t 0 && { echo 'more was there'; exit 1; }
                            echo '{"return": [], "id": "arm-cpu"}'
                            ;;
                        *quit*) touch "$(dirname "$0")/told"; exit ;;
                    esac
                done
                """);
        assertThat(QemuQuestions.ask(qemu).machines())
                .singleElement()
                .satisfies(machine -> assertThat(machine.name()).isEqualTo("pc-q35-9.1"));
        assertThat(directory.resolve("told")).exists();
    }

    @Test
    void aProgramThatIsNoQemuIsNamed() throws IOException {
        Path other = program("exit 0\n");
        assertThatThrownBy(() -> QemuQuestions.ask(other))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessage(other + " is not a QEMU: it does not list its machines.");
    }
}
