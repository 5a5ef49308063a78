// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.Request;

class MessageTracerTest {
    private final List<String> lines = new ArrayList<>();
    private final MessageTracer tracer =
            new MessageTracer("a", (guest, sender, bytes, text) -> lines.add(guest + " " + sender + ": " + text));

    @Test
    void aMessageIsInWords() {
        try (Message message = Message.request(Request.GET_FEATURES, Message.noPayload(), false, List.of())) {
            tracer.received(message);
        }
        assertThat(lines).containsExactly("a front-end: GET_FEATURES");
    }

    /** Whatever goes wrong with the words, the guest's message is served. */
    @Test
    void whatCannotBePutIntoWordsIsSaid() {
        MemorySegment gone;
        try (Arena arena = Arena.ofConfined()) {
            gone = arena.allocate(8, 8);
        }
        try (Message message = Message.request(Request.SET_FEATURES, gone, false, List.of())) {
            tracer.received(message);
        }
        assertThat(lines)
                .singleElement()
                .asString()
                .startsWith("a front-end: message of code 2, which cannot be shown as text: java.lang.Illegal");
    }
}
