// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import java.nio.ByteBuffer;
import java.util.List;
import org.vhost4j.sys.Fd;

/** What to do with what comes in on a {@link UnixStream}. Called by the loop's thread. */
public interface StreamHandler {
    /**
     * The requested piece is complete.
     *
     * @param bytes as many bytes as were requested, little-endian, valid during the call only
     * @param descriptors those that came with any byte of the piece, in order, at most 8; owned by the handler from now on.
     *     Should it throw, they are closed and the stream ends
     * @return how long the next piece is, 1 up to the stream's largest; 0 to read nothing until {@link UnixStream#want} is called
     */
    int received(ByteBuffer bytes, List<Fd> descriptors);

    /**
     * The stream is over and closed. Called once, but not after {@link UnixStream#close}.
     *
     * @param end the end
     */
    void ended(StreamEnd end);
}
