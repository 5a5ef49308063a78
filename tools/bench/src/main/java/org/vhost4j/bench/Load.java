// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;

/** A front-end under measurement: a process of its own, which makes or takes frames between {@code start} and {@code stop}. */
interface Load extends AutoCloseable {
    /** The process. */
    Child child();

    /** Lets frames flow. */
    void start() throws IOException;

    /** Stops it. */
    void stop() throws IOException;

    /** What it has counted since its start, and the rates since this was asked last. */
    PortStats stats() throws IOException;

    /** Ends it in order. */
    void quit() throws IOException;

    @Override
    default void close() {
        child().close();
    }
}
