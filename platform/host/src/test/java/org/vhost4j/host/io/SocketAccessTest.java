// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.SystemError;

class SocketAccessTest {
    private final OnLoop on = new OnLoop();

    @TempDir
    private Path directory;

    private static int mode(Path path) throws IOException {
        return (int) Files.getAttribute(path, "unix:mode") & 07777;
    }

    private void holds(SocketAccess access, int mode) throws IOException {
        Path path = directory.resolve("a.sock");
        UnixListener listener = on.run(() -> UnixListener.bind(on.loop, path, access, Fd::close));
        try {
            assertThat(mode(path)).isEqualTo(mode);
        } finally {
            on.run(() -> {
                listener.close();
                return 0;
            });
        }
        assertThat(path).doesNotExist();
        on.close();
    }

    /** The group of whatever this process makes: the one group that any user may give. */
    private String ownGroup() throws IOException {
        return Files.getAttribute(directory, "unix:gid").toString();
    }

    @Test
    void aModeIsNotMaskedByTheUmask() throws IOException {
        holds(SocketAccess.parse("0666", null), 0666);
    }

    @Test
    void aGroupAloneMayConnect() throws IOException {
        holds(SocketAccess.parse(null, ownGroup()), 0660);
    }

    @Test
    void aModeBesideTheGroupWins() throws IOException {
        holds(SocketAccess.parse("600", ownGroup()), 0600);
    }

    @Test
    void whatWasPutInsteadOfTheSocketStaysAsItIs() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        int before = mode(file);
        Path link = Files.createSymbolicLink(directory.resolve("link"), file);
        SocketAccess access = SocketAccess.parse("0777", null);
        for (Path path : new Path[] {file, link}) {
            assertThatThrownBy(() -> access.apply(path))
                    .isInstanceOf(SystemError.class)
                    .hasMessageContaining("was replaced by another file");
        }
        assertThat(mode(file)).isEqualTo(before);
        on.close();
    }

    @ParameterizedTest
    @CsvSource({"rw-rw----", "0888", "66", "07777", "-1", "1777"})
    void whatIsNoModeIsRefused(String mode) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SocketAccess.parse(mode, null))
                .withMessage("mode is three octal digits such as 0660, not " + mode);
        on.close();
    }

    @Test
    void aGroupThatIsNotThereIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SocketAccess.parse(null, "no-such-group"))
                .withMessage("there is no group no-such-group on this host");
        on.close();
    }
}
