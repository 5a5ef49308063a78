// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.List;

/**
 * What came out of one row.
 *
 * @param name what {@code --rows} calls it
 * @param title its title for users
 * @param about what is measured and how, in a sentence or two
 * @param cases in order
 */
public record RowResult(String name, String title, String about, List<CaseResult> cases) {
    /** Copies the list. */
    public RowResult {
        cases = List.copyOf(cases);
    }

    /**
     * Every contender that was measured.
     *
     * @return their names, each once, in order
     */
    public List<String> contenders() {
        return cases.stream()
                .flatMap(each -> each.measured().stream())
                .map(Measured::contender)
                .distinct()
                .toList();
    }
}
