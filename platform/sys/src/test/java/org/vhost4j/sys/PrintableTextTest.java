// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PrintableTextTest {
    @Test
    void controlCharactersAreEscaped() {
        assertThat(PrintableText.of("plain \u00e4\u20ac")).isEqualTo("plain \u00e4\u20ac");
        assertThat(PrintableText.of("\u001b[2J\n\t\u0000\u007f\u009bx"))
                .isEqualTo("\\u001b[2J\\u000a\\u0009\\u0000\\u007f\\u009bx");
    }
}
