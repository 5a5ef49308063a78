// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class PeerProcessTest {
    @Test
    void theOtherEndOfAPairIsThisProcessAndLives() {
        try (SocketPair pair = SocketPair.create()) {
            PeerProcess peer = PeerProcess.of(pair.first()).orElseThrow();
            assertThat(peer.number()).isEqualTo((int) ProcessHandle.current().pid());
            assertThat(peer.lives()).isTrue();
            assertThat(PeerProcess.of(pair.second())).hasValue(peer);
        }
    }

    @Test
    void aProcessWithTheSameNumberAndAnotherStartIsNotTheSame() {
        try (SocketPair pair = SocketPair.create()) {
            PeerProcess peer = PeerProcess.of(pair.first()).orElseThrow();
            assertThat(new PeerProcess(peer.boot(), peer.number(), peer.startTime() - 1).lives())
                    .isFalse();
            assertThat(new PeerProcess("another", peer.number(), peer.startTime()).lives())
                    .isFalse();
        }
    }

    @Test
    void whatIsNoSocketHasNoPeer() {
        try (Fd file = EventFd.create().fd()) {
            assertThat(PeerProcess.of(file)).isEqualTo(Optional.empty());
        }
    }
}
