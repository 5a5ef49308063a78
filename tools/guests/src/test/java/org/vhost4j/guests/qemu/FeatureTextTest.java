// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests the parts that the published text consists of. */
class FeatureTextTest {
    private static final List<String> MACHINES =
            List.of("pc-q35-10.0", "pc-q35-9.2", "pc-q35-9.1", "pc-q35-2.4", "pc-i440fx-10.0", "pc-i440fx-9.2");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "A|A",
                "A B C|A, B, C",
                "A A A|A 3×",
                "A B A B C|(A, B) 2×, C",
                "X A B B A B B|X, (A, B, B) 2×",
                "A A B A A B A A B|(A, A, B) 3×",
                "''|''"
            })
    void repetitionIsSaidOnce(String items, String text) {
        assertThat(Sequence.text(items.isEmpty() ? List.of() : List.of(items.split(" ", -1))))
                .isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "pc-q35-2.4|pc-q35-2.4",
                "pc-q35-9.1 pc-q35-2.4|pc-q35-9.1 and older",
                "pc-q35-9.2 pc-q35-9.1|pc-q35-9.2 to pc-q35-9.1",
                "pc-q35-2.4 pc-i440fx-10.0|pc-q35-2.4, pc-i440fx-10.0",
                "pc-q35-9.1 pc-q35-2.4 pc-i440fx-9.2|pc-q35-9.1 and older, pc-i440fx-9.2"
            })
    void machinesAreNamedInRanges(String some, String words) {
        assertThat(MachineDifferences.words(MACHINES, List.of(some.split(" ", -1))))
                .isEqualTo(words);
    }

    @Test
    void machinesAreOrderedByNumber() {
        List<String> machines = new ArrayList<>(
                List.of("pc-i440fx-9.2", "pc-q35-4.0", "pc-q35-10.0", "pc-q35-4.0.1", "pc-q35-9.2", "pc-i440fx-10.0"));
        machines.sort(MachineOrder.NEWEST_FIRST);
        assertThat(machines)
                .containsExactly(
                        "pc-q35-10.0", "pc-q35-9.2", "pc-q35-4.0.1", "pc-q35-4.0", "pc-i440fx-10.0", "pc-i440fx-9.2");
    }

    @Test
    void aDocumentKeepsWhatIsAroundThePart() {
        String first = Markdown.replace("", "one\n").orElseThrow();
        String document = "# Title\n\n" + first + "\nThe end.\n";
        assertThat(Markdown.replace(document, "two\n"))
                .hasValueSatisfying(text -> assertThat(text)
                        .startsWith("# Title\n\n" + Markdown.begin() + "\n\ntwo\n")
                        .endsWith("\nThe end.\n")
                        .doesNotContain("one"));
        assertThat(Markdown.replace("# Title\n", "two\n")).isEmpty();
    }

    @Test
    void aTableIsReadByItsHeading() {
        String document = """
                | a | b |
                |---|---|
                | 0 | x |

                | bit | feature | first |
                |---|---|---|
                | 0 | CSUM | passed |
                | 1 | GUEST_CSUM | – |

                | bit | feature | first |
                |---|---|---|
                | 0 | another | x |
                """;
        Map<String, Map<String, String>> rows = Markdown.table(document, List.of("bit", "feature"));
        assertThat(rows).containsOnlyKeys("0", "1");
        assertThat(rows.get("1")).containsEntry("feature", "GUEST_CSUM").containsEntry("first", "–");
        assertThat(Markdown.table(document, List.of("bit", "request"))).isEmpty();
    }
}
