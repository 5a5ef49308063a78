// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.ring.RingFeatures;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.sys.InSharedMemory;
import org.vhost4j.sys.PeerProcess;

/**
 * Tests that saved positions are used for the same front-end process only, and that only a file that certainly belongs
 * to this program is mapped.
 */
class ProgressFileTest {
    private static final PeerProcess QEMU = new PeerProcess("a-boot", 4026531836L, 42, 1000);

    @TempDir(factory = InSharedMemory.class)
    Path directory;

    private final List<String> troubles = new ArrayList<>();

    private Path path() {
        return directory.resolve("guest.sock.positions");
    }

    private ProgressFile open(int queues) {
        return ProgressFile.of(directory.resolve("guest.sock"), queues, troubles::add);
    }

    /** Starts a queue, so that something is known of it. */
    private static void start(ProgressFile file, int queue) {
        RingLayout layout = RingLayout.SPLIT;
        MemorySegment memory = Arena.ofAuto().allocate(4096, 4096);
        var unused = layout.open(
                "queue",
                8,
                layout.parts(memory, 8, 0, 1024, 2048),
                GuestMemory.EMPTY,
                0,
                RingFeatures.NONE,
                file.of(queue),
                1);
    }

    private void keep(PeerProcess process) {
        ProgressFile file = open(3);
        file.attached(process);
        start(file, 2);
        file.close();
    }

    private boolean isKnownTo(PeerProcess process) {
        ProgressFile file = open(3);
        file.attached(process);
        boolean known = file.of(2).isKnown();
        assertThat(file.of(0).isKnown()).isFalse();
        file.close();
        return known;
    }

    @Test
    void theSameProcessFindsItsQueues() throws IOException {
        keep(QEMU);
        assertThat(Files.getPosixFilePermissions(path())).isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThat(isKnownTo(QEMU)).isTrue();
        assertThat(troubles).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "a-boot, 4026531836, 42, 1001",
        "a-boot, 4026531836, 43, 1000",
        "a-boot, 4026531837, 42, 1000",
        "b-boot, 4026531836, 42, 1000",
        // Not visible, or ended before it could be looked at.
        "a-boot, 4026531836, 0, 0",
        "a-boot, 4026531836, 42, 0"
    })
    void anotherProcessFindsNothingAndNeitherDoesTheFirstThen(String boot, long namespace, int number, long startTime) {
        keep(QEMU);
        assertThat(isKnownTo(new PeerProcess(boot, namespace, number, startTime)))
                .isFalse();
        assertThat(isKnownTo(QEMU)).isFalse();
        assertThat(troubles).isEmpty();
    }

    @Test
    void anUnknownProcessIsNeverThePreviousOne() {
        PeerProcess hidden = new PeerProcess("a-boot", 4026531836L, 0, 0);
        keep(hidden);
        assertThat(isKnownTo(hidden)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mkfifo FILE|is a device, FIFO or socket",
                "ln -s /dev/zero FILE|is a symbolic link",
                "truncate -s 1T FILE|has 1099511627776 bytes, not 448",
                "touch FILE && chown 1000 FILE|belongs to user 1000",
                "truncate -s 448 FILE && ln FILE FILE.2|has 2 names"
            })
    void whatIsAnotherFileIsNamedAndReplaced(String kind) throws Exception {
        String[] parts = kind.split("\\|", -1);
        assertThat(new ProcessBuilder("sh", "-c", parts[0].replace("FILE", path().toString()))
                        .start()
                        .waitFor())
                .isZero();
        keep(QEMU);
        assertThat(troubles).singleElement().asString().contains("so it is replaced: " + path() + " " + parts[1]);
        assertThat(isKnownTo(QEMU)).isTrue();
    }

    @Test
    void aFileOfAnotherFormatIsReplaced() throws IOException {
        keep(QEMU);
        byte[] bytes = Files.readAllBytes(path());
        bytes[18] = '2';
        Files.write(path(), bytes);
        assertThat(isKnownTo(QEMU)).isFalse();
        keep(QEMU);
        assertThat(isKnownTo(QEMU)).isTrue();
    }

    @Test
    void aGuestThatIsGoneLeavesNoFile() {
        ProgressFile file = open(3);
        file.remove();
        file.close();
        assertThat(directory).isEmptyDirectory();
    }

    /** Without a file a front-end that connects again to the same back-end is served anyway. */
    @Test
    void aDirectoryInsteadOfTheFileIsNamedAndTheRestWorks() throws IOException {
        Files.createDirectory(path());
        ProgressFile file = open(3);
        file.attached(QEMU);
        start(file, 2);
        file.attached(QEMU);
        assertThat(file.of(2).isKnown()).isTrue();
        file.reportUnsaved(troubles::add);
        file.reportUnsaved(troubles::add);
        assertThat(troubles).hasSize(2);
        assertThat(troubles.get(0)).contains("is a directory, not a regular file");
        assertThat(troubles.get(1)).startsWith("its packed rings will stop").contains("EISDIR");
        assertThat(path()).isEmptyDirectory();
    }
}
