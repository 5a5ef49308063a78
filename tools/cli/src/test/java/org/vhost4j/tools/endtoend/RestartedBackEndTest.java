// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.sys.Await;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Endpoint;

/**
 * Tests the restart of a back-end under a running guest: it offers the features that the guest acknowledged, or rejects
 * the front-end.
 */
@Timeout(300)
class RestartedBackEndTest {
    private static final FeatureSet WHOLE = TestBackEnd.OFFERED;
    private static final FeatureSet LESS =
            WHOLE.minus(FeatureSet.of(Feature.HOST_USO, Feature.GUEST_USO4, Feature.GUEST_USO6));
    private static final NetSetup WITH_USO = NetSetup.full();
    private static final NetSetup WITHOUT_USO =
            WITH_USO.without(Feature.HOST_USO, Feature.GUEST_USO4, Feature.GUEST_USO6);

    @TempDir
    Path directory;

    private TestBackEnd start(String promise, FeatureSet offered) {
        return TestBackEnd.promising(promise, offered, Endpoint.listen(directory.resolve("guest.sock"), Attach.AUTO));
    }

    private Path file() {
        return directory.resolve("guest.sock.acknowledged");
    }

    private static void guestRunsOn(TestBackEnd backEnd, NetSetup setup) {
        try (NetDriver driver = backEnd.attach(0, setup)) {
            driver.send(new byte[60]);
            driver.awaitSent();
        }
    }

    @Test
    void lessThanTheGuestHasIsRefusedByNameAndAsMuchIsServed() throws IOException {
        try (TestBackEnd first = start("platform new", WHOLE)) {
            guestRunsOn(first, WITH_USO);
        }
        assertThat(Files.getPosixFilePermissions(file())).isEqualTo(PosixFilePermissions.fromString("rw-------"));
        try (TestBackEnd second = start("platform old", LESS)) {
            assertThatThrownBy(() -> guestRunsOn(second, WITHOUT_USO)).isInstanceOf(RuntimeException.class);
            assertThatThrownBy(() -> guestRunsOn(second, WITHOUT_USO)).isInstanceOf(RuntimeException.class);
            second.awaitLine("its guest has acknowledged GUEST_USO4 GUEST_USO6 HOST_USO (0x1c0000000000000)");
            second.assertSaidOnce("offered by platform new, and platform old offers less");
        }
        try (TestBackEnd third = start("platform new", WHOLE)) {
            guestRunsOn(third, WITH_USO);
        }
    }

    @Test
    void anotherGuestIsServed() throws IOException {
        try (TestBackEnd first = start("platform new", WHOLE)) {
            guestRunsOn(first, WITH_USO);
        }
        String text = Files.readString(file());
        // The same number, but a process that started later: the guest that acknowledged is gone.
        Files.writeString(file(), text.replaceFirst("(?m)^(process \\S+ [0-9]+ [0-9]+) .*$", "$1 1"));
        try (TestBackEnd second = start("platform old", LESS)) {
            guestRunsOn(second, WITHOUT_USO);
        }
        assertThat(Files.readString(file())).contains("promise platform old");
    }

    /** Firmware acknowledges little; the system that it boots acknowledges what QEMU shows still, which is the first offer. */
    @Test
    void lessThanTheFrontEndWasOfferedIsRefusedEvenIfTheGuestTookLess() throws IOException {
        NetSetup firmware = NetSetup.legacy();
        try (TestBackEnd first = start("platform new", WHOLE)) {
            guestRunsOn(first, firmware);
        }
        String refusal =
                "it was offered GUEST_USO4 GUEST_USO6 HOST_USO (0x1c0000000000000) by platform new, its guest may"
                        + " acknowledge that at its next reset, and platform old offers less";
        try (TestBackEnd second = start("platform old", LESS)) {
            assertThatThrownBy(() -> guestRunsOn(second, firmware)).isInstanceOf(RuntimeException.class);
            second.awaitLine(refusal);
        }
        try (TestBackEnd third = start("platform new", WHOLE)) {
            guestRunsOn(third, WITH_USO);
        }
    }

    @Test
    void aLargerOfferServesAndChangesNothingOfWhatTheFrontEndShows() {
        try (TestBackEnd first = start("platform old", LESS)) {
            guestRunsOn(first, WITHOUT_USO);
        }
        try (TestBackEnd second = start("platform new", WHOLE)) {
            guestRunsOn(second, WITHOUT_USO);
        }
        try (TestBackEnd third = start("platform old", LESS)) {
            guestRunsOn(third, WITHOUT_USO);
        }
    }

    /** A front-end that was killed before its guest had a driver has shown its offer, too. */
    @Test
    void anOfferCountsBeforeAnythingIsAcknowledged() throws IOException {
        try (TestBackEnd first = start("platform new", WHOLE);
                FrontEnd frontEnd = FrontEnd.connect(first.socket(0))) {
            frontEnd.getFeatures();
            Await.until("the offer is kept", () -> Files.exists(file()));
        }
        try (TestBackEnd second = start("platform old", LESS)) {
            assertThatThrownBy(() -> guestRunsOn(second, WITHOUT_USO)).isInstanceOf(RuntimeException.class);
            second.awaitLine("it was offered GUEST_USO4 GUEST_USO6 HOST_USO");
        }
    }

    enum Handover {
        /** Of a reboot or a driver rebind: the driver resets the device. */
        RESET,
        /** Of a kexec whose first kernel was not told: the rings are only stopped. */
        STOPPED
    }

    private static void leave(NetDriver driver, Handover handover) {
        for (int queue = 0; queue < 2; queue++) {
            int unused = driver.frontEnd().getVringBase(queue);
        }
        if (handover == Handover.RESET) {
            driver.frontEnd().setStatus(0);
        }
    }

    /** The next driver of the device, on the same connection, takes less: its front-end shows the whole offer still. */
    @ParameterizedTest
    @EnumSource(Handover.class)
    void aLaterDriverThatTakesLessDoesNotMakeTheOfferSmaller(Handover handover) throws IOException {
        NetSetup whole = WITH_USO.without(Feature.CTRL_VQ);
        try (TestBackEnd first = start("platform new", WHOLE);
                NetDriver system = first.attach(0, whole)) {
            system.send(new byte[60]);
            system.awaitSent();
            awaitAcknowledged(true);
            leave(system, handover);
            system.frontEnd().setFeatures(Feature.VERSION_1.mask() | Feature.PROTOCOL_FEATURES.mask());
            try (NetDriver firmware = NetDriver.over(system.frontEnd(), NetSetup.full())) {
                firmware.start();
                firmware.send(new byte[60]);
                firmware.awaitSent();
                awaitAcknowledged(false);
            }
        }
        try (TestBackEnd second = start("platform old", LESS)) {
            assertThatThrownBy(() -> guestRunsOn(second, NetSetup.legacy())).isInstanceOf(RuntimeException.class);
            second.awaitLine("it was offered GUEST_USO4 GUEST_USO6 HOST_USO (0x1c0000000000000) by platform new");
        }
        // The system that boots next gets what it is shown.
        try (TestBackEnd third = start("platform new", WHOLE)) {
            guestRunsOn(third, whole);
        }
    }

    /** The back-end is started again while firmware runs, and again after the system has taken the whole offer. */
    @ParameterizedTest
    @EnumSource(Handover.class)
    void aLaterDriverThatTakesMoreIsRemembered(Handover handover) throws IOException {
        try (TestBackEnd first = start("platform new", WHOLE)) {
            guestRunsOn(first, NetSetup.legacy());
        }
        try (TestBackEnd second = start("platform new", WHOLE);
                NetDriver firmware = second.attach(0, NetSetup.full().only(Feature.VERSION_1))) {
            firmware.send(new byte[60]);
            firmware.awaitSent();
            leave(firmware, handover);
            firmware.frontEnd()
                    .setFeatures((WITH_USO.without(Feature.CTRL_VQ).features()
                                    & firmware.frontEnd().getFeatures())
                            | Feature.PROTOCOL_FEATURES.mask());
            try (NetDriver system = NetDriver.over(firmware.frontEnd(), WITH_USO.without(Feature.CTRL_VQ))) {
                system.start();
                system.send(new byte[60]);
                system.awaitSent();
                awaitAcknowledged(true);
            }
        }
        try (TestBackEnd third = start("platform old", LESS)) {
            assertThatThrownBy(() -> guestRunsOn(third, NetSetup.legacy())).isInstanceOf(RuntimeException.class);
            third.awaitLine("its guest has acknowledged GUEST_USO4 GUEST_USO6 HOST_USO");
        }
    }

    /** Whether the guest has USO now, as in the file. */
    private void awaitAcknowledged(boolean uso) {
        Await.until("the file says what was acknowledged", () -> {
            try {
                String features = Files.readString(file()).lines().findFirst().orElse("");
                // 64 bits in 16 digits, the low ones last; bit 56 is HOST_USO.
                return features.length() > 27
                        && ((Character.digit(features.charAt(features.length() - 15), 16) & 1) != 0) == uso;
            } catch (IOException e) {
                return false;
            }
        });
    }

    /** What a tenant can put instead of the file: the back-end says one line, starts, and puts its own file there. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "mkfifo FILE|is a device, FIFO or socket",
                "mknod FILE c 1 5|is a device, FIFO or socket",
                "ln -s /dev/zero FILE|is a symbolic link",
                "truncate -s 1T FILE|has 1099511627776 bytes; at most 65536 are read",
                "touch FILE && chown 1000 FILE|belongs to user 1000"
            })
    void aForeignFileIsNamedAndIgnored(String kind) throws Exception {
        String[] parts = kind.split("\\|", -1);
        assertThat(new ProcessBuilder("sh", "-c", parts[0].replace("FILE", file().toString()))
                        .start()
                        .waitFor())
                .isZero();
        Files.writeString(directory.resolve("guest.sock.acknowledged.new"), "what a crash left");
        try (TestBackEnd first = start("platform old", LESS)) {
            first.assertSaidOnce(
                    "cannot read the record of acknowledged features, so it is ignored: " + file() + " " + parts[1]);
            assertThat(directory.resolve("guest.sock.acknowledged.new")).doesNotExist();
            guestRunsOn(first, WITHOUT_USO);
        }
        assertThat(Files.readString(file())).startsWith("features 0x");
    }

    @Test
    void aDirectoryInsteadOfTheFileIsNamed() throws IOException {
        Files.createDirectory(file());
        try (TestBackEnd first = start("platform old", LESS)) {
            first.assertSaidOnce("so it is ignored: " + file() + " is a directory, not a regular file");
            guestRunsOn(first, WITHOUT_USO);
            first.awaitLine("cannot store the acknowledged features for a restart: cannot rename ", "EISDIR");
        }
        assertThat(file()).isEmptyDirectory();
    }

    @Test
    void aForeignFileIsNamedAndIgnored() throws IOException {
        Files.writeString(file(), "hello");
        try (TestBackEnd first = start("platform old", LESS)) {
            first.awaitLine(file() + " is not a valid record of acknowledged features");
            guestRunsOn(first, WITHOUT_USO);
        }
        assertThat(Files.readString(file())).startsWith("features 0x");
    }
}
