// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A back-end under measurement: a process of its own. */
interface BackEnd extends AutoCloseable {
    /** The process. */
    Child child();

    /** Where it listens, one for each guest. */
    List<Path> sockets();

    /** How many frames it has counted in one direction; asked after the front-ends have gone. */
    long frames(Direction direction) throws IOException;

    @Override
    default void close() {
        child().close();
    }
}
