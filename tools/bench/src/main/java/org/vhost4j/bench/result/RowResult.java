// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.List;

/**
 * The results of one row.
 *
 * @param name the name by which {@code --rows} selects the row
 * @param title the title for users
 * @param about a description, in one or two sentences, of what is measured and how
 * @param cases the results of the cases, in order
 */
public record RowResult(String name, String title, String about, List<CaseResult> cases) {
    /** Copies the list. */
    public RowResult {
        cases = List.copyOf(cases);
    }

    /**
     * Returns every contender that was measured.
     *
     * @return the names of the contenders, each once, in order of appearance
     */
    public List<String> contenders() {
        return cases.stream()
                .flatMap(each -> each.measured().stream())
                .map(Measured::contender)
                .distinct()
                .toList();
    }
}
