// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.benchmarks.loopback;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.device.memory.HostMemory;

final class BridgedGuestsTest {
    private static final int BYTES = 60;

    @ParameterizedTest
    @CsvSource({
        "false, PLAIN",
        "true, PLAIN",
        "false, COALESCED",
        "true, COALESCED",
        "false, CROSSING",
        "true, CROSSING",
        "false, LOGGED",
        "true, LOGGED",
        "false, TRANSLATED",
        "true, TRANSLATED"
    })
    void whatOneSendsTheOtherReceives(boolean packed, BridgedGuests.Path path) {
        try (Arena arena = Arena.ofConfined()) {
            BridgedGuests guests = new BridgedGuests(arena, packed, path, 16, 256 << 10);
            long header = guests.allocate(NetHeader.BYTES + BYTES);
            HostMemory.putShortBE(header + NetHeader.BYTES, 0x0200);
            HostMemory.putShortBE(header + NetHeader.BYTES + 6, 0x0201);
            for (int turn = 0; turn < 40; turn++) {
                HostMemory.putShortBE(header + NetHeader.BYTES + 20, turn);
                guests.offer(header, NetHeader.BYTES + BYTES);
                assertThat(guests.exchange()).isOne();
                assertThat(HostMemory.getShortBE(guests.buffer(turn % 16) + NetHeader.BYTES + 20))
                        .isEqualTo(turn);
            }
        }
    }
}
