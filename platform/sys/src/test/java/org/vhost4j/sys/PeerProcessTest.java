// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class PeerProcessTest {
    private final PeerProcess self =
            PeerProcess.numbered((int) ProcessHandle.current().pid());

    @Test
    void aProcessThatLivesIsKnownAndHasNotEnded() {
        assertThat(self.known()).isTrue();
        assertThat(self.ended()).isFalse();
        assertThat(self.mayBe(self)).isTrue();
        assertThat(self.boot()).hasSize(36);
    }

    @Test
    void aProcessWithTheSameNumberAndAnotherStartIsNotTheSame() {
        PeerProcess before = new PeerProcess(self.boot(), self.namespace(), self.number(), self.startTime() - 1);
        assertThat(before.ended()).isTrue();
        assertThat(before.mayBe(self)).isFalse();
        PeerProcess ofAnotherBoot = new PeerProcess("another", self.namespace(), self.number(), self.startTime());
        assertThat(ofAnotherBoot.ended()).isTrue();
        assertThat(ofAnotherBoot.mayBe(self)).isFalse();
    }

    @Test
    void aProcessThatHasEndedIsKnownToHaveEnded() throws Exception {
        Process child = new ProcessBuilder("true").start();
        int number = (int) child.pid();
        child.waitFor();
        PeerProcess gone = PeerProcess.numbered(number);
        assertThat(gone.known()).isTrue();
        assertThat(gone.ended()).isTrue();
        assertThat(gone.mayBe(self)).isFalse();
    }

    @Test
    void aProcessThatOurNamespaceDoesNotHaveMayBeAnyOfThisBoot() {
        PeerProcess unknown = PeerProcess.numbered(0);
        assertThat(unknown.known()).isFalse();
        assertThat(unknown.ended()).isFalse();
        assertThat(unknown.mayBe(self)).isTrue();
        assertThat(self.mayBe(unknown)).isTrue();
        assertThat(new PeerProcess("another", 1, 0, 0).ended()).isTrue();
        // The same number in another namespace is another process, or this one, seen from there.
        PeerProcess elsewhere = new PeerProcess(self.boot(), 1, self.number() + 1, 1);
        assertThat(elsewhere.ended()).isFalse();
        assertThat(elsewhere.mayBe(self)).isTrue();
    }

    @Test
    void onlyASocketSaysWhoSends() {
        try (Fd file = EventFd.create().fd()) {
            assertThatThrownBy(() -> PeerProcess.requestCredentials(file))
                    .hasMessageContaining("cannot request senders' credentials on fd ");
        }
    }
}
