// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PortOptionTest {
    @Test
    void aPortThatDropsMayCopyFirst() {
        assertThat(PortOption.parse("null")).isEqualTo(new PortOption.Null(false));
        assertThat(PortOption.parse("null:copy=off")).isEqualTo(new PortOption.Null(false));
        assertThat(PortOption.parse("null:copy=on")).isEqualTo(new PortOption.Null(true));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            null:copy=maybe | --port=null:copy=maybe: copy is on or off
            null:size=64    | --port=null:size=64: there is no option 'size' (copy)
            null:copy       | --port=null:copy: 'copy' needs a value
            hole            | --port=hole: a port is tap:ifname=NAME, null[:copy=on], echo or source:size=BYTES
            """)
    void whatIsNoPortIsRefused(String value, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PortOption.parse(value))
                .withMessage(message);
    }
}
