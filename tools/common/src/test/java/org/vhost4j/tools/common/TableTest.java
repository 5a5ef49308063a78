// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TableTest {
    @Test
    void columnsAreAsWideAsTheirWidestCell() {
        Table table = new Table();
        table.row("name", "value", "note");
        table.row("a", "12345678", "");
        table.row("longer", "1", "x");
        assertThat(table.text()).isEqualTo("""
                name    value     note
                a       12345678
                longer  1         x
                """);
    }

    @Test
    void numbersAreAlignedToTheRight() {
        Table table = new Table(1);
        table.row("", "guest0", "guest1");
        table.row("frames", "7", "12345678");
        assertThat(table.text()).isEqualTo("""
                        guest0    guest1
                frames       7  12345678
                """);
    }

    @Test
    void aTableWithoutRowsIsEmpty() {
        assertThat(new Table().text()).isEmpty();
    }

    @Test
    void aCellThatIsTooLongContinuesBelow() {
        Table table = new Table();
        table.row("features", "0x33 CSUM GUEST_CSUM MAC STATUS");
        table.row("  queues", "2", "a note of some length");
        assertThat(table.text(34)).isEqualTo("""
                features  0x33 CSUM
                          GUEST_CSUM
                          MAC STATUS
                  queues  2            a note of
                                       some length
                """);
    }

    @Test
    void wordsAreNeverBroken() {
        Table table = new Table(1);
        table.row("aVeryLongWord", "12345");
        assertThat(table.text(5)).isEqualTo("aVeryLongWord  12345\n");
    }
}
