// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A back-end that is being measured, in its own process. */
interface BackEnd extends AutoCloseable {
    /** Returns the back-end's process. */
    Child child();

    /** Returns the paths of the sockets that the back-end listens on, one for each guest. */
    List<Path> sockets();

    /** Returns the number of frames that the back-end has counted in one direction; called after the front-ends have ended. */
    long frames(Direction direction) throws IOException;

    @Override
    default void close() {
        child().close();
    }
}
