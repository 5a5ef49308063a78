// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;

/** A front-end that is being measured, in its own process: it sends or receives frames between {@code start} and {@code stop}. */
interface Load extends AutoCloseable {
    /** Returns the front-end's process. */
    Child child();

    /** Starts sending or receiving frames. */
    void start() throws IOException;

    /** Stops sending or receiving frames. */
    void stop() throws IOException;

    /** Returns the counters since the start, and the rates since the previous call. */
    PortStats stats() throws IOException;

    /** Terminates the front-end normally. */
    void quit() throws IOException;

    @Override
    default void close() {
        child().close();
    }
}
