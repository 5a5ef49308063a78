// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.vhost4j.host.io.IoLoop;
import org.vhost4j.host.io.StreamEnd;
import org.vhost4j.host.io.StreamHandler;
import org.vhost4j.host.io.UnixStream;
import org.vhost4j.sys.Closer;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.session.Session;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.MessageHeader;
import org.vhost4j.vhostuser.wire.MessageReader;
import org.vhost4j.vhostuser.wire.MessageWriter;
import org.vhost4j.vhostuser.wire.ProtocolException;

/** The socket around one session: bytes in, bytes out. Whatever ends it undoes all effects of the session first. */
final class Connection implements StreamHandler {
    /** Said of a front-end whose descriptors pile up. */
    static final String TOO_MANY_TO_CLOSE =
            "more than " + Closer.MOST + " descriptors and mappings that its front-ends passed are still being closed";

    private final Session session;
    private final Closer closer;
    private final Consumer<String> ended;
    private final MessageReader reader = MessageReader.ofRequests();
    private final UnixStream stream;
    private boolean over;

    /**
     * Begins to serve a front-end.
     *
     * @param loop the lane's
     * @param socket connected; from here on the connection's
     * @param session what its messages are for
     * @param ended told why, once, after the session is closed
     * @param closer closes what the front-end passes
     */
    Connection(IoLoop loop, Fd socket, Session session, Consumer<String> ended, Closer closer) {
        this.session = session;
        this.closer = closer;
        this.ended = ended;
        this.stream = UnixStream.open(
                loop,
                socket,
                MessageHeader.BYTES,
                Math.max(MessageHeader.BYTES, MessageReader.DEFAULT_MAX_PAYLOAD),
                this,
                closer);
        session.onLateReply(this::replyLate);
    }

    @Override
    public int received(ByteBuffer bytes, List<Fd> descriptors) {
        try {
            Optional<Message> message = reader.accept(MemorySegment.ofBuffer(bytes), descriptors);
            if (message.isPresent()) {
                session.receive(message.get()).ifPresent(this::send);
            }
            if (closer.full()) {
                end(TOO_MANY_TO_CLOSE);
                return 0;
            }
            return session.owesReply() ? 0 : reader.wanted();
        } catch (ProtocolException e) {
            e.reply().ifPresent(this::send);
            end(String.valueOf(e.getMessage()));
            return 0;
        }
    }

    /** The reply for which the front-end, and with it the next message, has waited. */
    private void replyLate(Message reply) {
        if (!over) {
            send(reply);
            stream.want(reader.wanted());
        }
    }

    private void send(Message message) {
        stream.send(ByteBuffer.wrap(MessageWriter.bytes(message)));
    }

    @Override
    public void ended(StreamEnd end) {
        end(end.text());
    }

    /** Ends the session and the connection. */
    void end(String reason) {
        if (over) {
            return;
        }
        over = true;
        session.close();
        reader.close();
        stream.close();
        ended.accept(reason);
    }
}
