// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.sys.SystemError;
import org.vhost4j.vhostuser.wire.Request;

/** Tests that front-end and back-end connect, whichever of them listens, more than once. */
class RendezvousTest {
    private static final Duration SOON = Duration.ofMillis(1);

    @TempDir
    private Path directory;

    @Test
    void aBackEndConnectsToAFrontEndThatListens() {
        Path path = directory.resolve("s");
        try (Rendezvous rendezvous = Rendezvous.listening(path)) {
            assertThat(rendezvous.listens()).isTrue();
            for (int i = 1; i <= 2; i++) {
                try (FrontEndSocket backEnd = FrontEndSocket.connect(path, FrontEnd.PATIENCE);
                        FrontEnd frontEnd = rendezvous.connect(FrontEnd.PATIENCE)) {
                    answersOnce(backEnd, frontEnd, i);
                }
            }
            assertThatThrownBy(() -> rendezvous.connect(SOON))
                    .isInstanceOf(FrontEndException.TimedOut.class)
                    .hasMessageContaining(path.toString());
        }
        assertThat(path).doesNotExist();
    }

    @Test
    void aFrontEndConnectsToABackEndThatListens() {
        Path path = directory.resolve("s");
        try (FrontEndSocket.Listener backEnds = FrontEndSocket.listen(path);
                Rendezvous rendezvous = Rendezvous.connecting(path)) {
            for (int i = 1; i <= 2; i++) {
                try (FrontEnd frontEnd = rendezvous.connect(FrontEnd.PATIENCE);
                        FrontEndSocket backEnd = backEnds.accept(FrontEnd.PATIENCE)) {
                    answersOnce(backEnd, frontEnd, i);
                }
            }
        }
        assertThat(path).as("whose it is").exists();
    }

    @Test
    void aSocketThatIsThereIsNotTakenAway() {
        Path path = directory.resolve("s");
        try (FrontEndSocket.Listener other = FrontEndSocket.listen(path)) {
            assertThatThrownBy(() -> Rendezvous.listening(path))
                    .isInstanceOf(SystemError.class)
                    .hasMessageContaining(path.toString());
            assertThat(other).isNotNull();
            assertThat(path).exists();
        }
    }

    private static void answersOnce(FrontEndSocket backEnd, FrontEnd frontEnd, long word) {
        backEnd.send(
                RawMessage.encode(Request.GET_FEATURES.code(), 5, FrontEnd.u64(word)), List.of(), FrontEnd.PATIENCE);
        assertThat(frontEnd.getFeatures()).isEqualTo(word);
    }
}
