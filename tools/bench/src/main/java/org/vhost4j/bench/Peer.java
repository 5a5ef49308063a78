// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A program that can be a back-end, with the options that it is run with. */
interface Peer {
    /** What to call it. */
    String name();

    /** Whether it takes all the processor time of its core, whatever happens. */
    boolean polls();

    /**
     * Starts one; when this returns, its sockets are there.
     *
     * @param bench whose processes it belongs to
     * @param work what it is to do
     * @param sockets where it is to listen, one for each guest
     * @throws IOException when it does not start
     */
    BackEnd start(Bench bench, Work work, List<Path> sockets) throws IOException;

    /** The same with new sockets. */
    default BackEnd start(Bench bench, Work work) throws IOException {
        return start(bench, work, bench.sockets(work.guests()));
    }
}
