// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests that a file that is too long, has no end, or would block its reader is refused with its name in the message.
 */
@Timeout(300)
class BoundedFileTest {
    @TempDir
    Path directory;

    @Test
    void aFileOfJustTheLimitIsRead() throws IOException {
        String text = "ä".repeat(50_000);
        Path file = Files.writeString(directory.resolve("f"), text);
        assertThat(BoundedFile.readText(file, 100_000)).isEqualTo(text);
        assertThatThrownBy(() -> BoundedFile.readText(file, 99_999))
                .isInstanceOf(UnreadableFile.class)
                .hasMessage(file + " has 100000 bytes; at most 99999 are read");
    }

    @Test
    void aSparseFileOfAGigabyteIsNotRead() throws IOException {
        Path file = directory.resolve("f");
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(1L << 30);
        }
        assertThatThrownBy(() -> BoundedFile.readText(file, 1000))
                .hasMessage(file + " has 1073741824 bytes; at most 1000 are read");
    }

    @Test
    void theLimitHoldsForAFileThatSaysItIsEmpty() throws IOException {
        // Files of procfs have no size.
        assertThat(BoundedFile.readText(Path.of("/proc/sys/kernel/ostype"), 100))
                .isEqualTo("Linux\n");
        assertThatThrownBy(() -> BoundedFile.readText(Path.of("/proc/self/maps"), 100))
                .hasMessage("/proc/self/maps has more than 100 bytes");
    }

    @Test
    void whatIsNoRegularFileIsNotOpened() throws Exception {
        Path fifo = directory.resolve("fifo");
        assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor())
                .isZero();
        for (Path path : new Path[] {fifo, Path.of("/dev/zero"), Path.of("/dev/tty")}) {
            assertThatThrownBy(() -> BoundedFile.readText(path, 1000))
                    .hasMessage(path + " is a device, FIFO or socket, not a regular file");
        }
        assertThatThrownBy(() -> BoundedFile.readText(directory, 1000))
                .hasMessage(directory + " is a directory, not a regular file");
    }

    @Test
    void aLinkIsFollowed() throws IOException {
        Path file = Files.writeString(directory.resolve("f"), "text");
        assertThat(BoundedFile.readText(Files.createSymbolicLink(directory.resolve("link"), file), 10))
                .isEqualTo("text");
        Path zero = Files.createSymbolicLink(directory.resolve("zero"), Path.of("/dev/zero"));
        assertThatThrownBy(() -> BoundedFile.readText(zero, 10)).hasMessageEndingWith(", not a regular file");
        Path loop = directory.resolve("loop");
        Files.createSymbolicLink(loop, loop);
        assertThatThrownBy(() -> BoundedFile.readText(loop, 10))
                .isInstanceOf(UnreadableFile.class)
                .hasMessageStartingWith(loop + " cannot be examined: ");
    }

    @Test
    void aMissingFileIsKnownAsSuch() {
        assertThatThrownBy(() -> BoundedFile.readText(directory.resolve("none"), 10))
                .isInstanceOfSatisfying(UnreadableFile.class, e -> {
                    assertThat(e.isMissing()).isTrue();
                    assertThat(e.reason()).isEqualTo("is not there");
                });
    }

    @Test
    void whatIsNotUtf8IsRefused() throws IOException {
        Path file = Files.write(directory.resolve("f"), new byte[] {'a', (byte) 0xff});
        assertThatThrownBy(() -> BoundedFile.readText(file, 10)).hasMessage(file + " is not UTF-8");
    }

    @Test
    void noDescriptorIsLeftOpen() throws IOException {
        Path file = Files.writeString(directory.resolve("f"), "text");
        OpenDescriptors before = OpenDescriptors.now();
        BoundedFile.readText(file, 10);
        assertThatThrownBy(() -> BoundedFile.readText(file, 3)).isInstanceOf(UnreadableFile.class);
        before.awaitNoOthers();
    }

    @Test
    void aStreamHasALimitToo() throws IOException {
        byte[] text = "text".getBytes(StandardCharsets.UTF_8);
        assertThat(BoundedFile.readText(new ByteArrayInputStream(text), "standard input", 4))
                .isEqualTo("text");
        assertThatThrownBy(() -> BoundedFile.readText(new ByteArrayInputStream(text), "standard input", 3))
                .hasMessage("standard input has more than 3 bytes");
        InputStream endless = new InputStream() {
            @Override
            public int read() {
                return 'a';
            }
        };
        assertThatThrownBy(() -> BoundedFile.readText(endless, "standard input", 100_000))
                .hasMessage("standard input has more than 100000 bytes");
    }
}
