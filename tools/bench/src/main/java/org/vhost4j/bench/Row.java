// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.util.List;

/** One row of the benchmark: a measured property, with its cases. */
interface Row {
    /** Returns the name by which {@code --rows} selects the row. */
    String name();

    /** Returns the title for users. */
    String title();

    /** Returns a description, in one or two sentences, of what is measured and how. */
    String about();

    /** Returns the cases to measure, in order. */
    List<Case> cases(Bench bench);
}
