// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests which kinds of files the program accepts as its own when others can replace them. No call may block, which
 * the time limit checks.
 */
@Timeout(20)
class OwnFileTest {
    private static final int LIMIT = 1000;

    @TempDir
    Path directory;

    private Path path() {
        return directory.resolve("file");
    }

    private OwnFile file() {
        return new OwnFile(path(), LIMIT);
    }

    private void assertRefused(String reason) {
        OpenDescriptors open = OpenDescriptors.now();
        assertThatThrownBy(() -> file().read())
                .isInstanceOf(UnreadableFile.class)
                .hasMessage(path() + " " + reason);
        open.awaitNoOthers();
    }

    private void assertReplaced() throws IOException {
        file().replace("ours");
        assertThat(file().read()).isEqualTo("ours");
        assertThat(Files.getPosixFilePermissions(path())).isEqualTo(PosixFilePermissions.fromString("rw-------"));
        try (var names = Files.list(directory)) {
            assertThat(names).allMatch(name -> !name.toString().endsWith(".new"));
        }
    }

    private static void run(String... command) throws Exception {
        assertThat(new ProcessBuilder(command).start().waitFor()).isZero();
    }

    @Test
    void whatIsWrittenIsReadAndRemoved() throws IOException {
        assertThatThrownBy(() -> file().read())
                .isInstanceOfSatisfying(
                        UnreadableFile.class, e -> assertThat(e.isMissing()).isTrue());
        file().replace("one");
        assertThat(file().read()).isEqualTo("one");
        file().replace("");
        assertThat(file().read()).isEmpty();
        assertReplaced();
        file().remove();
        file().remove();
        assertThat(path()).doesNotExist();
    }

    @Test
    void aFifoIsNotOpened() throws Exception {
        run("mkfifo", path().toString());
        assertRefused("is a device, FIFO or socket, not a regular file");
        assertReplaced();
    }

    @Test
    void aDeviceIsNotOpened() throws Exception {
        // Of /dev/zero: reading would have no end.
        run("mknod", path().toString(), "c", "1", "5");
        assertRefused("is a device, FIFO or socket, not a regular file");
        assertReplaced();
    }

    @Test
    void aLinkIsNotFollowed() throws IOException {
        Path target = Files.writeString(directory.resolve("target"), "theirs");
        Files.createSymbolicLink(path(), target);
        assertRefused("is a symbolic link, not a regular file");
        assertReplaced();
        assertThat(target).hasContent("theirs");
        Files.delete(path());
        Files.createSymbolicLink(path(), Path.of("/dev/zero"));
        assertRefused("is a symbolic link, not a regular file");
        file().remove();
        assertThat(Files.exists(Path.of("/dev/zero"))).isTrue();
    }

    @Test
    void aSecondNameOfAnotherFileIsRefused() throws IOException {
        Path other = Files.writeString(directory.resolve("other"), "ours, but another");
        Files.createLink(path(), other);
        assertRefused("has 2 names (hard links) where there should be one");
        assertReplaced();
        assertThat(other).hasContent("ours, but another");
    }

    @Test
    void aDirectoryIsRefusedAndStays() throws IOException {
        Files.createDirectory(path());
        assertRefused("is a directory, not a regular file");
        assertThatThrownBy(() -> file().replace("ours"))
                .hasMessageStartingWith("cannot rename " + path() + ".new to " + path() + ": EISDIR");
        assertThatThrownBy(() -> file().remove()).hasMessageStartingWith("cannot remove " + path() + ": EISDIR");
        assertThat(path()).isEmptyDirectory();
        assertThat(directory.resolve("file.new")).doesNotExist();
    }

    @Test
    void aHugeFileIsNotRead() throws IOException {
        try (RandomAccessFile sparse = new RandomAccessFile(path().toFile(), "rw")) {
            sparse.setLength(1L << 40);
        }
        assertRefused("has 1099511627776 bytes; at most 1000 are read");
        assertReplaced();
    }

    @Test
    void theFileOfAnotherUserIsRefused() throws IOException {
        Files.writeString(path(), "theirs");
        Files.setAttribute(path(), "unix:uid", 1000);
        assertRefused("belongs to user 1000, and this process is user 0");
        assertReplaced();
    }

    /** What a crash left of a write, or another user has put there, is neither written into nor followed. */
    @Test
    void whatHasTheNameOfAnUnfinishedFileGoes() throws Exception {
        Path unfinished = directory.resolve("file.new");
        Files.writeString(unfinished, "half a te");
        file().tidy();
        assertThat(unfinished).doesNotExist();
        Path target = Files.writeString(directory.resolve("target"), "theirs");
        Files.createSymbolicLink(unfinished, target);
        assertReplaced();
        assertThat(target).hasContent("theirs");
        run("mkfifo", unfinished.toString());
        assertReplaced();
        Files.createDirectory(unfinished);
        assertThatThrownBy(() -> file().replace("next"))
                .hasMessageStartingWith("cannot create " + unfinished + ": EEXIST");
        assertThat(file().read()).isEqualTo("ours");
    }
}
