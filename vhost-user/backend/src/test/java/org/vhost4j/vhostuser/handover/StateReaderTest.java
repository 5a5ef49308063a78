// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;

class StateReaderTest {
    private static StateReader reader(StateWriter written) {
        return new StateReader("the state", written.bytes(), written.descriptors());
    }

    @Test
    void whatEndsTooEarlyIsRefused() {
        assertThatThrownBy(() -> reader(new StateWriter()).flag()).hasMessage("the state ends too early");
        assertThatThrownBy(() -> reader(new StateWriter().flag(true)).number()).hasMessage("the state ends too early");
        assertThatThrownBy(() -> reader(new StateWriter().number(1)).word()).hasMessage("the state ends too early");
    }

    @Test
    void whatIsLongerThanPossibleIsRefused() {
        assertThatThrownBy(() -> reader(new StateWriter().number(5)).block())
                .hasMessage("the state has a count of 5; the maximum is 0");
        assertThatThrownBy(() -> reader(new StateWriter().number(-1)).count(8))
                .hasMessage("the state has a count of 4294967295; the maximum is 8");
    }

    @Test
    void whatIsNeitherYesNorNoIsRefused() {
        assertThatThrownBy(() -> new StateReader("the state", new byte[] {2}, List.of()).flag())
                .hasMessage("the state has 2 instead of 0 or 1");
    }

    @Test
    void aDescriptorThatHasNotComeIsMissed() {
        assertThatThrownBy(() -> new StateReader("the state", new byte[] {1}, List.of()).descriptor())
                .hasMessage("the state lacks descriptors");
    }

    @Test
    void whatIsLeftIsRefusedAndClosed() {
        Fd left = EventFd.create().fd();
        StateReader reader = reader(new StateWriter().number(3).descriptor(left));
        assertThatThrownBy(reader::end).hasMessage("the state has 5 bytes and 1 descriptors too many");
        reader.close();
        assertThat(left.isOpen()).isFalse();
    }

    @Test
    void duplicatesOutliveWhatTheyWereMadeOf() {
        Fd kept;
        try (StateWriter writer = StateWriter.ofDuplicates()) {
            try (EventFd event = EventFd.create()) {
                writer.descriptor(event.fd());
            }
            kept = writer.descriptors().getFirst();
            assertThat(kept.isOpen()).isTrue();
        }
        assertThat(kept.isOpen()).isFalse();
    }
}
