// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vhost4j.vhostuser.wire.ConfigSpace;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.Request;

class ConfigTest {
    private static FrontEnd ready() throws ProtocolException {
        FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT);
        frontEnd.effects.log.clear();
        return frontEnd;
    }

    private static MemorySegment part(int offset, int flags, byte... bytes) {
        return new ConfigSpace(offset, flags, MemorySegment.ofArray(bytes)).toPayload();
    }

    private static Message get(FrontEnd frontEnd, MemorySegment payload) throws ProtocolException {
        return frontEnd.send(Message.request(Request.GET_CONFIG, payload, false, List.of()))
                .orElseThrow();
    }

    @Test
    void readsAPart() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            Message reply = get(frontEnd, part(6, 0, new byte[4]));
            assertThat(reply.payload().toArray(ValueLayout.JAVA_BYTE))
                    .isEqualTo(
                            part(6, 0, (byte) 6, (byte) 7, (byte) 8, (byte) 9).toArray(ValueLayout.JAVA_BYTE));
        }
    }

    @Test
    void readsTheWholeWhateverTheFlags() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            for (int flags : new int[] {0, 1, 2, -1}) {
                Message reply = get(frontEnd, part(0, flags, new byte[24]));
                assertThat(reply.payload().byteSize()).isEqualTo(36);
                assertThat(reply.payload().asSlice(12).toArray(ValueLayout.JAVA_BYTE))
                        .isEqualTo(frontEnd.effects.config);
            }
        }
    }

    @Test
    void readingOutsideIsAnsweredWithAnEmptyPayload() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            for (MemorySegment outside : List.of(
                    part(0, 0, new byte[25]),
                    part(24, 0, new byte[1]),
                    part(-1, 0, new byte[1]),
                    part(Integer.MAX_VALUE, 0, new byte[256]),
                    part(1, 0, new byte[24]))) {
                assertThat(get(frontEnd, outside).payload().byteSize()).isZero();
            }
            assertThat(frontEnd.effects.log).isEmpty();
            assertThat(frontEnd.effects.reports)
                    .hasSize(5)
                    .contains("GET_CONFIG: refused: 1 bytes at offset 4294967295 are outside the config space, "
                            + "which has 24 bytes");
            assertThat(get(frontEnd, part(23, 0, new byte[1])).payload().byteSize())
                    .isEqualTo(13);
        }
    }

    @Test
    void readingThatTheTargetRefuses() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            frontEnd.effects.refusal = "not now";
            assertThat(get(frontEnd, part(0, 0, new byte[4])).payload().byteSize())
                    .isZero();
            assertThat(frontEnd.effects.reports).containsExactly("GET_CONFIG: refused: not now");
        }
    }

    @Test
    void writesAPart() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            assertThat(frontEnd.acked(Request.SET_CONFIG, part(2, 0, (byte) 0xab, (byte) 0xcd)))
                    .isZero();
            frontEnd.tell(Request.SET_CONFIG, part(0, 1, (byte) 1));
            assertThat(frontEnd.effects.drain()).containsExactly("write config 2 abcd", "write config 0 01 migration");
        }
    }

    @Test
    void writingOutsideOrWhatTheTargetRefusesIsAnswered() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            assertThat(frontEnd.acked(Request.SET_CONFIG, part(20, 0, new byte[5])))
                    .isEqualTo(1);
            frontEnd.effects.refusal = "status is read-only";
            assertThat(frontEnd.acked(Request.SET_CONFIG, part(6, 0, (byte) 1))).isEqualTo(1);
            frontEnd.tell(Request.SET_CONFIG, part(6, 0, (byte) 1));
            assertThat(frontEnd.effects.reports)
                    .containsExactly(
                            "SET_CONFIG: refused: 5 bytes at offset 20 are outside the config space, which has 24 bytes",
                            "SET_CONFIG: refused: status is read-only",
                            "SET_CONFIG: refused: status is read-only");
            assertThat(frontEnd.effects.log).isEmpty();
        }
    }

    @Test
    void sizeMustBeThePayloads() throws ProtocolException {
        for (Request request : new Request[] {Request.GET_CONFIG, Request.SET_CONFIG}) {
            for (int size : new int[] {0, 3, 5, 256, -8}) {
                try (FrontEnd frontEnd = ready()) {
                    MemorySegment payload = part(0, 0, new byte[4]);
                    payload.set(ValueLayout.JAVA_INT_UNALIGNED, 4, size);
                    assertThat(frontEnd.refused(request, payload))
                            .hasMessage(request + ": size " + Integer.toUnsignedString(size)
                                    + " in a payload of 16 bytes: the payload must have 12 bytes more than size");
                }
            }
        }
    }

    @Test
    void flagsOfAWrite() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            assertThat(frontEnd.refused(Request.SET_CONFIG, part(0, 2, (byte) 1)))
                    .hasMessage("SET_CONFIG: flags 0x2: 0 or 1 (live migration) are allowed");
        }
    }
}
