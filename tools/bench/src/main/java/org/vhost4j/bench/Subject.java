// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.util.Optional;
import org.vhost4j.bench.result.CrossCheck;
import org.vhost4j.bench.result.Sample;

/** A contender whose processes run. Between turns it uses no processor time. */
interface Subject extends AutoCloseable {
    /** Takes one measurement. */
    Sample turn() throws IOException;

    /** Ends the processes normally after the last turn; returns the frame counts of both sides when both sides count. */
    default Optional<CrossCheck> end() throws IOException {
        return Optional.empty();
    }

    @Override
    default void close() {}
}
