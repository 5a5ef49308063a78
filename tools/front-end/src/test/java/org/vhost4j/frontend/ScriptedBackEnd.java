// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.util.List;
import org.vhost4j.vhostuser.wire.Request;

/** The other end of a front-end's socket: tests write the replies in advance, and read the sent messages afterwards. */
public final class ScriptedBackEnd implements AutoCloseable {
    private static final int REPLY_FLAGS = 5;

    private final List<FrontEndSocket> pair = FrontEndSocket.pair();
    private final FrontEnd frontEnd = new FrontEnd(pair.get(0));
    private final FrontEndSocket socket = pair.get(1);

    /** Returns the front-end under test. */
    public FrontEnd frontEnd() {
        return frontEnd;
    }

    /** Returns the back-end's end of the connection. */
    public FrontEndSocket socket() {
        return socket;
    }

    /** Writes the reply to a later request. */
    public void answer(Request request, byte[] payload) {
        socket.send(RawMessage.encode(request.code(), REPLY_FLAGS, payload), List.of(), FrontEnd.PATIENCE);
    }

    /** Writes the reply to a later request, whose payload is a number. */
    public void answer(Request request, long number) {
        answer(request, FrontEnd.u64(number));
    }

    /** Returns the next message that the front-end sent. */
    public RawMessage sent() {
        return socket.receive(FrontEnd.PATIENCE);
    }

    @Override
    public void close() {
        frontEnd.close();
        socket.close();
    }
}
