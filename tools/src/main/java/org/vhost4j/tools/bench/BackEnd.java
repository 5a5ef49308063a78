// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.bench;

import java.io.IOException;
import java.nio.file.Path;

/** A back-end under measurement: a process of its own, which polls all the time that it is not frozen. */
interface BackEnd extends AutoCloseable {
    /** Which programs can be measured. */
    enum Kind {
        /** dpdk-testpmd with a {@code net_vhost} port. */
        DPDK("DPDK net_vhost"),
        /** {@code vhost4j run --idle poll}. */
        OURS("vhost4j");

        private final String title;

        Kind(String title) {
            this.title = title;
        }

        /** What to call it in a table. */
        String title() {
            return title;
        }
    }

    /** Starts one; when this returns, its socket is there. */
    static BackEnd start(Kind kind, Children children, int core, Path socket, Row row) throws IOException {
        return switch (kind) {
            case DPDK -> DpdkBackEnd.start(children, core, socket, row);
            case OURS -> OwnBackEnd.start(children, core, socket, row);
        };
    }

    /** The process. */
    Child child();

    /** How many frames it has counted in the row's direction; asked after the front-end has gone. */
    long frames() throws IOException;

    @Override
    void close();
}
