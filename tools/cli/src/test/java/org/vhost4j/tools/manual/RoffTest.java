// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.manual;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RoffTest {
    @Test
    void noTextIsARequest() {
        assertThat(new Roff().text(".so /etc/passwd\n'br").toString()).isEqualTo("\\&.so /etc/passwd\n\\&\\(aqbr\n");
    }

    @Test
    void anArgumentCannotEndItsQuotes() {
        assertThat(new Roff().section("a \"b\" \\n").toString()).isEqualTo(".SH \"a \\(dqb\\(dq \\en\"\n");
    }

    @Test
    void anEmptyLineStartsAParagraph() {
        assertThat(new Roff().text("one\n\n\ntwo\nthree").toString()).isEqualTo("one\n.PP\ntwo\nthree\n");
    }

    @Test
    void charactersBeyondAsciiAreWrittenByNumber() {
        assertThat(Roff.escape("5 µs…")).isEqualTo("5 \\[u00B5]s\\[u2026]");
    }
}
