// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A program that can be a back-end, together with its options. */
interface Peer {
    /** Returns the name in reports. */
    String name();

    /** Returns whether the program polls, so that it uses its whole core even when idle. */
    boolean polls();

    /**
     * Starts the program and waits until its sockets exist.
     *
     * @param bench the bench, which owns the process
     * @param work what the back-end does with frames
     * @param sockets the paths to listen on, one for each guest
     * @throws IOException when the program does not start
     */
    BackEnd start(Bench bench, Work work, List<Path> sockets) throws IOException;

    /** Starts the program with new sockets. */
    default BackEnd start(Bench bench, Work work) throws IOException {
        return start(bench, work, bench.sockets(work.guests()));
    }
}
