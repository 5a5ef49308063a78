// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.frame.MacAddress;

class GuestAddressTest {
    private static final String HOST = "0123456789abcdef0123456789abcdef";

    @TempDir
    private Path directory;

    @Test
    void eachHostAndPathHasItsOwnAndKeepsIt() {
        Set<Long> all = new HashSet<>();
        for (int host = 0; host < 20; host++) {
            for (int socket = 0; socket < 20; socket++) {
                long address = GuestAddress.derived(HOST + host, "/run/" + socket + ".sock");
                assertThat(address).isEqualTo(GuestAddress.derived(HOST + host, "/run/" + socket + ".sock"));
                assertThat(MacAddress.isGroup(address)).isFalse();
                assertThat(address >>> 41 & 1).as("locally administered").isEqualTo(1);
                assertThat(address >>> 48).isZero();
                all.add(address);
            }
        }
        assertThat(all).hasSize(400);
    }

    /** It is printed, and guests keep it: another release derives the same. */
    @Test
    void theDerivationNeverChanges() {
        assertThat(MacAddress.text(GuestAddress.derived(HOST, "/run/a.sock"))).isEqualTo("c6:6d:a7:83:c2:38");
    }

    @Test
    void aSocketHasOneHoweverItsPathIsWritten() {
        Endpoint absolute = Endpoint.listen(Path.of("a.sock").toAbsolutePath(), Attach.AUTO);
        Endpoint relative = Endpoint.connect(Path.of("b/../a.sock"), Attach.DEVICE);
        assertThat(GuestAddress.of(relative, 1)).isEqualTo(GuestAddress.of(absolute, 0));
    }

    @Test
    void anAddressThatWasGivenWins() {
        Endpoint endpoint = Endpoint.listen(Path.of("a.sock"), Attach.AUTO).withMac(0x5254_0000_0001L, false);
        assertThat(GuestAddress.of(endpoint, 0)).isEqualTo(0x5254_0000_0001L);
    }

    @Test
    void anImageWithoutAnIdentityIsIdentifiedByTheNextFile() throws IOException {
        Path missing = directory.resolve("missing");
        Path empty = Files.createFile(directory.resolve("empty"));
        Path image = Files.writeString(directory.resolve("image"), "uninitialized\n");
        Path boot = Files.writeString(directory.resolve("boot"), "f0b1c2d3-0123-4567-89ab-cdef01234567\n");
        assertThat(GuestAddress.host(List.of(missing, empty, image, boot)))
                .isEqualTo("f0b1c2d3-0123-4567-89ab-cdef01234567");
        String none = GuestAddress.host(List.of(missing, empty, image));
        assertThat(none).isNotEmpty().isEqualTo(GuestAddress.host(List.of(missing)));
    }
}
