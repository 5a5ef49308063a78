// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.util.Optional;
import org.vhost4j.bench.result.CrossCheck;
import org.vhost4j.bench.result.Sample;

/** A contender at work. Between its turns it takes no processor time. */
interface Subject extends AutoCloseable {
    /** Measures once. */
    Sample turn() throws IOException;

    /** Ends in order, after the last turn; returns the counts of both sides if there are any. */
    default Optional<CrossCheck> end() throws IOException {
        return Optional.empty();
    }

    @Override
    default void close() {}
}
