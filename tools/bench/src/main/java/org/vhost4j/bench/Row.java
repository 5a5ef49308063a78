// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.util.List;

/** One row of the bench: a question, and the cases that answer it. */
interface Row {
    /** What {@code --rows} calls it. */
    String name();

    /** Its name for users. */
    String title();

    /** What is measured and how, in a sentence or two. */
    String about();

    /** What to measure, in order. */
    List<Case> cases(Bench bench);
}
