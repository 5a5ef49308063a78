// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.top;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the table at common widths of terminals. */
class TopTableTest {
    private static final List<PortLine> PORTS = List.of(
            new PortLine("guest0", "guest", "running", "5", 29, 81_234, 9_123_456_789.0, 12, 9_000, 0),
            new PortLine("guest1", "guest", "waiting", "-", -1, 0, 0, 0, 0, 1_234),
            new PortLine("tap:vnet0", "tap", "-", "3 VLANs", -1, 12, 9_000, 81_234, 9_123_456_789.0, 0));

    @Test
    void everyColumnFitsInto100Characters() {
        assertThat(TopTable.lines(PORTS, 100, 10))
                .containsExactly(
                        "PORT       KIND   STATE    VLAN     IN bit/s  IN f/s  OUT bit/s  OUT f/s  DROP/s  FEATURES",
                        "guest0     guest  running  5           9.12G   81.2k      9.00k       12       0        29",
                        "guest1     guest  waiting  -               0       0          0        0   1.23k         -",
                        "tap:vnet0  tap    -        3 VLANs     9.00k      12      9.12G    81.2k       0         -");
    }

    @Test
    void theLeastImportantColumnsAreLeftOutFirst() {
        assertThat(TopTable.lines(PORTS, 80, 10).getFirst())
                .isEqualTo("PORT       KIND   STATE    VLAN     IN bit/s  IN f/s  OUT bit/s  OUT f/s  DROP/s");
        assertThat(TopTable.lines(PORTS, 60, 10).getFirst())
                .isEqualTo("PORT       STATE    IN bit/s  OUT bit/s  DROP/s");
        assertThat(TopTable.lines(PORTS, 40, 10))
                .containsExactly(
                        "PORT       IN bit/s  OUT bit/s",
                        "guest0        9.12G      9.00k",
                        "guest1            0          0",
                        "tap:vnet0     9.00k      9.12G");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 10, 20, 40, 60, 80, 100, 132, 400})
    void noLineIsLongerThanTheTerminal(int width) {
        assertThat(TopTable.lines(PORTS, width, 10))
                .hasSize(4)
                .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(width));
    }

    @Test
    void whatDoesNotFitIsCounted() {
        List<PortLine> many = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            many.add(new PortLine("guest" + i, "guest", "running", "-", 1, 0, 0, 0, 0, 0));
        }
        List<String> lines = TopTable.lines(many, 80, 12);
        assertThat(lines).hasSize(12);
        assertThat(lines.get(10)).startsWith("guest9 ");
        assertThat(lines.getLast()).isEqualTo("and 30 more");
        assertThat(TopTable.lines(many, 80, 41)).hasSize(41).last().asString().startsWith("guest39");
        assertThat(TopTable.lines(many, 80, 1)).hasSize(1);
        assertThat(TopTable.lines(List.of(), 80, 12)).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "0.4, 0",
        "7, 7",
        "999.4, 999",
        "999.5, 1.00k",
        "1234, 1.23k",
        "9994, 9.99k",
        "9995, 10.0k",
        "99950, 100k",
        "999500, 1.00M",
        "4.5e10, 45.0G",
        "1e15, 1.00P",
        "1e19, 10000P"
    })
    void numbersHaveThreeDigits(double value, String text) {
        assertThat(TopTable.number(value)).isEqualTo(text);
    }
}
