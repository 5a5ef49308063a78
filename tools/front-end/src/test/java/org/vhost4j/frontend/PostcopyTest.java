// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.OpenDescriptors;
import org.vhost4j.vhostuser.wire.MemoryRegion;
import org.vhost4j.vhostuser.wire.MemoryRegions;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

/** Tests the order of the postcopy messages; an eventfd without events replaces the descriptor of the page faults. */
class PostcopyTest {
    private final ScriptedBackEnd backEnd = new ScriptedBackEnd();
    private final FrontEnd frontEnd = backEnd.frontEnd();

    @AfterEach
    void close() {
        backEnd.close();
    }

    private void answer(Request request, byte[] payload, Fd... descriptors) {
        backEnd.socket().send(RawMessage.encode(request.code(), 5, payload), List.of(descriptors), FrontEnd.PATIENCE);
    }

    private void assertSent(Request request, int flags, int payload, int descriptors) {
        try (RawMessage message = backEnd.sent()) {
            assertThat(Request.ofCode(message.request())).contains(request);
            assertThat(message.flags()).isEqualTo(flags);
            assertThat(message.payload().remaining()).isEqualTo(payload);
            assertThat(message.descriptors()).hasSize(descriptors);
        }
    }

    @Test
    void theTableIsAnsweredAndTheAnswerAcknowledged() {
        OpenDescriptors before = OpenDescriptors.now();
        frontEnd.setProtocolFeatures(ProtocolFeature.REPLY_ACK.mask() | ProtocolFeature.PAGEFAULT.mask());
        try (Ram ram = Ram.create(0, 8192);
                EventFd faults = EventFd.create()) {
            answer(Request.POSTCOPY_ADVISE, new byte[0], faults.fd());
            backEnd.answer(Request.POSTCOPY_LISTEN, 0);
            MemoryRegion theirs = new MemoryRegion(0, 8192, 0x7000_0000L, 0);
            backEnd.answer(Request.SET_MEM_TABLE, FrontEnd.bytes(new MemoryRegions(List.of(theirs)).toPayload()));
            backEnd.answer(Request.POSTCOPY_END, 0);
            try (Postcopy postcopy = Postcopy.advise(frontEnd)) {
                postcopy.listen();
                postcopy.share(List.of(ram));
                assertThat(postcopy.served()).isZero();
                postcopy.end();
            }
            assertSent(Request.SET_PROTOCOL_FEATURES, 1, 8, 0);
            assertSent(Request.POSTCOPY_ADVISE, 1, 0, 0);
            assertSent(Request.POSTCOPY_LISTEN, 9, 0, 0);
            assertSent(Request.SET_MEM_TABLE, 1, 40, 1);
            assertSent(Request.SET_MEM_TABLE, 1, 8, 0);
            assertSent(Request.POSTCOPY_END, 1, 0, 0);
        }
        before.awaitNoOthers();
    }

    @Test
    void withheldMemoryIsAHole() {
        try (Ram ram = Ram.create(0, 8192);
                EventFd faults = EventFd.create()) {
            ram.memory().fill(0, 8192, 0x5a);
            answer(Request.POSTCOPY_ADVISE, new byte[0], faults.fd());
            try (Postcopy postcopy = Postcopy.advise(frontEnd)) {
                postcopy.withhold(ram, 4096, 4096);
                assertThat(ram.memory().get8(4095)).isEqualTo(0x5a);
                assertThat(ram.memory().get8(4096)).isZero();
            }
        }
    }

    @Test
    void aBackEndWithoutADescriptorIsReported() {
        answer(Request.POSTCOPY_ADVISE, new byte[0]);
        assertThatThrownBy(() -> Postcopy.advise(frontEnd))
                .hasMessage("POSTCOPY_ADVISE was answered with 0 descriptors");
    }
}
