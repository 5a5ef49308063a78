// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MappedFile;
import org.vhost4j.vhostuser.wire.Request;

/** Tests the dirty log from both sides: the bits that the other end of the connection writes are read. */
class DirtyLogTest {
    private static final long END = 1L << 32;
    private static final long BYTES = END / 4096 / 8;

    private final ScriptedBackEnd backEnd = new ScriptedBackEnd();
    private final DirtyLog log = DirtyLog.create(END);

    @AfterEach
    void close() {
        log.close();
        backEnd.close();
    }

    @Test
    void marksAreReadAndTakenOut() {
        backEnd.answer(Request.SET_LOG_BASE, 0);
        log.setBase(backEnd.frontEnd());
        try (RawMessage message = backEnd.sent()) {
            assertThat(message.request()).isEqualTo(Request.SET_LOG_BASE.code());
            assertThat(message.payload().getLong()).isEqualTo(BYTES);
            assertThat(message.payload().getLong(8)).isZero();
            assertThat(message.descriptors()).hasSize(1);
            try (MappedFile theirs = MappedFile.map(message.descriptors().getFirst(), 0, BYTES, "log")) {
                mark(theirs, 0);
                mark(theirs, 9);
                mark(theirs, END / 4096 - 1);
                assertThat(log.pages()).containsExactly(0L, 9 * 4096L, END - 4096);
                assertThat(log.marked(9 * 4096L + 4095)).isTrue();
                assertThat(log.marked(10 * 4096L)).isFalse();
                assertThat(log.unmarked(8 * 4096L + 5, 2 * 4096L)).containsExactly(8 * 4096L, 10 * 4096L);
                assertThat(log.unmarked(9 * 4096L, 4096)).isEmpty();
                log.clear();
                assertThat(log.pages()).isEmpty();
            }
        }
    }

    private static void mark(MappedFile file, long page) {
        byte old = file.segment().get(ValueLayout.JAVA_BYTE, page / 8);
        file.segment().set(ValueLayout.JAVA_BYTE, page / 8, (byte) (old | 1 << page % 8));
    }

    @Test
    void anAnswerMayBeEmptyButNotANo() {
        backEnd.answer(Request.SET_LOG_BASE, new byte[0]);
        log.setBase(backEnd.frontEnd());
        backEnd.answer(Request.SET_LOG_BASE, 1);
        assertThatThrownBy(() -> log.setBase(backEnd.frontEnd()))
                .isInstanceOf(FrontEndException.Refused.class)
                .hasMessage("SET_LOG_BASE was refused with 1");
        backEnd.answer(Request.SET_LOG_BASE, new byte[4]);
        assertThatThrownBy(() -> log.setBase(backEnd.frontEnd())).hasMessage("SET_LOG_BASE was answered with 4 bytes");
    }

    @Test
    void anAnswerMayRepeatTheDescription() {
        byte[] description = RawMessage.buffer(16).putLong(BYTES).putLong(0).array();
        backEnd.answer(Request.SET_LOG_BASE, description);
        log.setBase(backEnd.frontEnd());
        backEnd.answer(Request.SET_LOG_BASE, new byte[16]);
        assertThatThrownBy(() -> log.setBase(backEnd.frontEnd())).hasMessage("SET_LOG_BASE was answered with 16 bytes");
    }

    @Test
    void theBackEndMaySignalThatItWrote() {
        log.setFd(backEnd.frontEnd());
        assertThat(log.signals()).isZero();
        try (RawMessage message = backEnd.sent()) {
            assertThat(message.request()).isEqualTo(Request.SET_LOG_FD.code());
            Fd theirs = message.descriptors().getFirst();
            try (EventFd signal = EventFd.adopt(theirs.duplicate(), "log")) {
                signal.signal();
            }
        }
        assertThat(log.signals()).isEqualTo(1);
    }
}
