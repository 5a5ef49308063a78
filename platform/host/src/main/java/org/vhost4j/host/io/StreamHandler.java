// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import java.nio.ByteBuffer;
import java.util.List;
import org.vhost4j.sys.Fd;

/** Receives the data of a {@link UnixStream}. Called by the loop's thread. */
public interface StreamHandler {
    /**
     * Handles a requested piece that has arrived completely.
     *
     * @param bytes as many bytes as were requested, little-endian, valid during the call only
     * @param descriptors descriptors that came with any byte of the piece, in order, at most 8; owned by the handler
     *     from now on. If it throws, they are closed and the stream ends
     * @return length of the next piece, 1 to the stream's maximum; 0 to read nothing until {@link UnixStream#want} is called
     */
    int received(ByteBuffer bytes, List<Fd> descriptors);

    /**
     * Handles the end of the stream, which is closed already. Called once, but not after {@link UnixStream#close}.
     *
     * @param end the reason
     */
    void ended(StreamEnd end);
}
