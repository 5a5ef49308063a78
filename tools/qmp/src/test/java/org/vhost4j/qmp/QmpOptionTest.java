// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QmpOptionTest {
    @ParameterizedTest
    @ValueSource(
            strings = {"unix:/a/b", "unix:/a/b,server=on,wait=off", "unix:/a/b,server,nowait", "unix:/a/b,wait=off"})
    void theSamePath(String value) {
        assertThat(QmpOption.parse(value)).isEqualTo(Path.of("/a/b"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tcp:localhost:4444|--qmp=tcp:localhost:4444: a monitor is unix:PATH",
                "/a/b|--qmp=/a/b: a monitor is unix:PATH",
                "unix:|--qmp=unix:: the path is empty",
                "unix:a,server=off|--qmp=unix:a,server=off: server=off is not supported, because the monitor listens",
                "unix:a,wait=on|--qmp=unix:a,wait=on: wait=on is not supported, because the program does not wait for a client",
                "unix:a,mux=on|--qmp=unix:a,mux=on: there is no option 'mux=on' (server=on, wait=off)",
                "unix:a,|--qmp=unix:a,: there is no option '' (server=on, wait=off)",
            })
    void whatIsRefused(String value, String message) {
        assertThatThrownBy(() -> QmpOption.parse(value))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
