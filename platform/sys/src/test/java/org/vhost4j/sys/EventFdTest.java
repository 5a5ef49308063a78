// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class EventFdTest {
    @Test
    void countsSignals() {
        try (EventFd event = EventFd.create()) {
            assertThat(event.drain()).isZero();
            event.signal();
            event.signal();
            assertThat(event.drain()).isEqualTo(2);
            assertThat(event.drain()).isZero();
        }
    }

    @Test
    void aFullCounterDoesNotBlockItsWriterEvenIfItsSenderLeftItBlocking() {
        try (Fd blocking = Fd.of(LibC.eventfd(0, LibC.EFD_CLOEXEC), "cannot create an eventfd");
                EventFd event = EventFd.adopt(blocking.duplicate(), "the call descriptor");
                Arena arena = Arena.ofConfined()) {
            long full = arena.allocateFrom(ValueLayout.JAVA_LONG, -2L).address();
            assertThat(HotCalls.write(blocking.number(), full, Long.BYTES)).isEqualTo(Long.BYTES);
            event.signal();
            assertThat(event.drain()).isEqualTo(-2L);
        }
    }

    @Test
    void anythingElseIsRefusedAndClosed() {
        OpenDescriptors before = OpenDescriptors.now();
        Fd other = Fd.open("/dev/null", LibC.O_RDWR);
        assertThatThrownBy(() -> EventFd.adopt(other, "the kick descriptor of queue 1"))
                .isInstanceOf(SystemError.class)
                .hasMessage("the kick descriptor of queue 1 is not an eventfd but /dev/null");
        before.awaitNoOthers();
    }

    @Test
    void drainingNeverWaitsWhateverAnotherProcessMakesOfTheFlags() {
        try (EventFd eventFd = EventFd.create()) {
            int number = eventFd.fd().number();
            assertThat(LibC.fcntl(number, LibC.F_SETFL, 0)).isNotNegative();
            assertThat(eventFd.drain()).isZero();
            eventFd.signal();
            assertThat(eventFd.drain()).isEqualTo(1);
            assertThat(LibC.fcntl(number, LibC.F_GETFL, 0) & LibC.O_NONBLOCK).isZero();
        }
    }

    @Test
    void aCounterIsFullWhenNothingCanBeAdded() {
        try (EventFd eventFd = EventFd.create();
                Arena arena = Arena.ofConfined()) {
            assertThat(eventFd.full()).isFalse();
            long most = arena.allocateFrom(ValueLayout.JAVA_LONG, -2L).address();
            assertThat(HotCalls.write(eventFd.fd().number(), most, Long.BYTES)).isEqualTo(Long.BYTES);
            assertThat(eventFd.full()).isTrue();
            assertThat(eventFd.drain()).isEqualTo(-2L);
            assertThat(eventFd.full()).isFalse();
        }
    }
}
