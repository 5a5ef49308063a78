// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.sys.ActivatedSockets.Activated;

class ActivatedSocketsTest {
    private static final String ABSENT = "absent";

    private static Map<String, String> environment(String process, String count, String names) {
        Map<String, String> environment = new HashMap<>(Map.of("PATH", "/bin"));
        environment.put("LISTEN_PID", process);
        environment.put("LISTEN_FDS", count);
        environment.put("LISTEN_FDNAMES", names);
        environment.values().removeIf(ABSENT::equals);
        return environment;
    }

    @Test
    void socketsAreNumberedFromThreeAndHaveNames() {
        assertThat(ActivatedSockets.read(environment("17", "3", "a:unknown:"), 17))
                .containsExactly(new Activated(3, "a"), new Activated(4, "unknown"), new Activated(5, "unknown"));
        assertThat(ActivatedSockets.read(environment("17", "2", ABSENT), 17))
                .containsExactly(new Activated(3, "unknown"), new Activated(4, "unknown"));
        assertThat(ActivatedSockets.read(environment("17", "0", ABSENT), 17)).isEmpty();
    }

    @Test
    void socketsOfAnotherProcessAreNotOurs() {
        assertThat(ActivatedSockets.read(environment("16", "1", "a"), 17)).isEmpty();
        assertThat(ActivatedSockets.read(environment(ABSENT, "1", "a"), 17)).isEmpty();
        assertThat(ActivatedSockets.read(environment("17", ABSENT, ABSENT), 17)).isEmpty();
        assertThat(ActivatedSockets.read(Map.of(), 17)).isEmpty();
    }

    /** What is meant for another process is ignored. */
    @Test
    void variablesOfAnotherProcessMayBeAnything() {
        assertThat(ActivatedSockets.read(environment("16", "many", "a"), 17)).isEqualTo(List.of());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "many|a|LISTEN_FDS=many is not a number of sockets",
                "-1|a|LISTEN_FDS=-1 is not a number of sockets",
                "999999|a|LISTEN_FDS=999999 is not a number of sockets",
                "2|a|LISTEN_FDNAMES=a has 1 names, and LISTEN_FDS=2 says how many sockets there are"
            })
    void whatMakesNoSenseIsRefused(String count, String names, String reason) {
        assertThatThrownBy(() -> ActivatedSockets.read(environment("17", count, names), 17))
                .isInstanceOf(SystemError.class)
                .hasMessage(reason);
    }
}
