// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vhost4j.tools.common.UnsupportedOption;

class ChildTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @Test
    void whatIsPrintedIsConsumedInOrder() throws IOException {
        try (Children children = new Children()) {
            Child child = children.start("echo", 0, List.of("cat"));
            child.say("one> two>");
            assertThat(child.await("> ", LONG)).isEqualTo("one> ");
            assertThat(child.await("\n", LONG)).isEqualTo("two>\n");
        }
    }

    @Test
    void aProgramThatEndsIsNotWaitedFor() throws IOException {
        try (Children children = new Children()) {
            Child child = children.start("the talker", 0, List.of("echo", "no luck today"));
            assertThatThrownBy(() -> child.await("ready", LONG))
                    .isInstanceOf(IOException.class)
                    .hasMessage("the talker ended unexpectedly: no luck today");
            assertThat(child.exit(LONG)).isZero();
        }
    }

    @Test
    void patienceEnds() throws IOException {
        try (Children children = new Children()) {
            Child child = children.start("the silent one", 0, List.of("cat"));
            assertThatThrownBy(() -> child.await("ready", Duration.ZERO))
                    .isInstanceOf(IOException.class)
                    .hasMessage("the silent one has not printed 'ready' within 0 seconds; its last line is: nothing");
        }
    }

    @Test
    void nothingIsLeftBehindNotEvenWhatIsFrozen() throws IOException {
        Path socket;
        Child frozen;
        try (Children children = new Children()) {
            socket = Files.createFile(children.socket("a"));
            frozen = children.start("cat", 0, List.of("cat"));
            frozen.say("alive");
            frozen.await("alive", LONG);
            frozen.pause();
            assertThat(frozen.cpuMillis()).isNotNegative();
        }
        // 128 and the number of SIGKILL.
        assertThat(frozen.exit(LONG)).isEqualTo(137);
        assertThat(socket.getParent()).doesNotExist();
    }

    @Test
    void aMissingProgramIsNamed() {
        assertThatThrownBy(() -> Children.require("vhost4j-no-such-program", "write it"))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessage("vhost4j-no-such-program is not installed: write it");
    }
}
