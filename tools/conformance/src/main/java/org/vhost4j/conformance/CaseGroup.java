// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.util.List;

/** Cases about one subject. */
public interface CaseGroup {
    /**
     * Returns the subject of the cases.
     *
     * @return a few words, such as {@code Rings start and stop}
     */
    String title();

    /**
     * Returns the cases.
     *
     * @return the cases in the order in which they run
     */
    List<Case> cases();
}
