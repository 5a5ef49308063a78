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
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.sys.Await;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Endpoint;

/** A back-end that is started again for a guest that runs: what the guest acknowledged, it gets, or its front-end is told no. */
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
        Files.writeString(file(), text.replaceFirst("(?m)^(process \\S+ [0-9]+) .*$", "$1 1"));
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

    @Test
    void aFileThatIsNoneOfOursIsNamedAndNotHeeded() throws IOException {
        Files.writeString(file(), "hello");
        try (TestBackEnd first = start("platform old", LESS)) {
            first.awaitLine(file() + " does not say what the guest has acknowledged");
            guestRunsOn(first, WITHOUT_USO);
        }
        assertThat(Files.readString(file())).startsWith("features 0x");
    }
}
