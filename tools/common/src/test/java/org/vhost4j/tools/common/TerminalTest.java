// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TerminalTest {
    @Test
    void theWidthIsTheVariablesWithinLimits() {
        assertThat(Terminal.columns(null)).isEqualTo(80);
        assertThat(Terminal.columns("")).isEqualTo(80);
        assertThat(Terminal.columns("wide")).isEqualTo(80);
        assertThat(Terminal.columns("100")).isEqualTo(100);
        assertThat(Terminal.columns("10")).isEqualTo(60);
        assertThat(Terminal.columns("9999")).isEqualTo(160);
    }
}
