// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.util.List;
import org.vhost4j.vhostuser.wire.Request;

/** The other end of a front-end's socket: its answers are there before they are asked for, and what it was sent waits. */
public final class ScriptedBackEnd implements AutoCloseable {
    private static final int REPLY_FLAGS = 5;

    private final List<FrontEndSocket> pair = FrontEndSocket.pair();
    private final FrontEnd frontEnd = new FrontEnd(pair.get(0));
    private final FrontEndSocket socket = pair.get(1);

    /** The front-end. */
    public FrontEnd frontEnd() {
        return frontEnd;
    }

    /** This end. */
    public FrontEndSocket socket() {
        return socket;
    }

    /** Answers a request that is to come. */
    public void answer(Request request, byte[] payload) {
        socket.send(RawMessage.encode(request.code(), REPLY_FLAGS, payload), List.of(), FrontEnd.PATIENCE);
    }

    /** Answers a request that is to come with a number. */
    public void answer(Request request, long number) {
        answer(request, FrontEnd.u64(number));
    }

    /** The next message that was sent. */
    public RawMessage sent() {
        return socket.receive(FrontEnd.PATIENCE);
    }

    @Override
    public void close() {
        frontEnd.close();
        socket.close();
    }
}
