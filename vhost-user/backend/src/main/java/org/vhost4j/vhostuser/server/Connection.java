// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.vhost4j.host.io.IoLoop;
import org.vhost4j.host.io.StreamEnd;
import org.vhost4j.host.io.StreamHandler;
import org.vhost4j.host.io.UnixStream;
import org.vhost4j.sys.Closer;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.PeerProcess;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.handover.StateWriter;
import org.vhost4j.vhostuser.session.Session;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.MessageHeader;
import org.vhost4j.vhostuser.wire.MessageReader;
import org.vhost4j.vhostuser.wire.MessageWriter;
import org.vhost4j.vhostuser.wire.ProtocolException;

/**
 * The connection of a front-end, which passes messages between its socket and its session. When it ends for any reason, the session first
 * stops all queues and releases its resources.
 */
final class Connection implements StreamHandler {
    /** Reason for disconnecting a front-end that sends descriptors faster than they can be closed. */
    static final String TOO_MANY_TO_CLOSE =
            "more than " + Closer.MOST + " descriptors and mappings that its front-ends passed are still being closed";

    private final Session session;
    private final Closer closer;
    private final MessageTracer tracer;
    private final Consumer<String> ended;
    private final MessageReader reader = MessageReader.ofRequests();
    private final UnixStream stream;
    private final Function<PeerProcess, Optional<String>> admission;
    private boolean admitted;
    /** Process ID of the front-end that the previous back-end has handed over; 0 when unknown. */
    private int senderBefore;

    private boolean over;

    /** Number of received pieces of messages. While it does not change, the front-end's setup does not change. */
    private long pieces;

    /**
     * Starts to serve a front-end.
     *
     * @param loop loop of the lane
     * @param socket connected; owned by the connection from now on
     * @param admission called once, before the first message is handled, with the process that sent it; returns the reason for rejecting
     *     the front-end, if any
     * @param session session that handles the messages
     * @param ended called once with the reason, after the session is closed
     * @param closer closes the descriptors that the front-end passes
     * @param tracer receives each message
     */
    Connection(
            IoLoop loop,
            Fd socket,
            Function<PeerProcess, Optional<String>> admission,
            Session session,
            Consumer<String> ended,
            Closer closer,
            MessageTracer tracer) {
        this(loop, socket, admission, session, ended, closer, tracer, MessageHeader.BYTES);
    }

    private Connection(
            IoLoop loop,
            Fd socket,
            Function<PeerProcess, Optional<String>> admission,
            Session session,
            Consumer<String> ended,
            Closer closer,
            MessageTracer tracer,
            int firstPiece) {
        this.tracer = tracer;
        this.admission = admission;
        this.session = session;
        this.closer = closer;
        this.ended = ended;
        this.stream = UnixStream.open(
                loop,
                socket,
                firstPiece,
                Math.max(MessageHeader.BYTES, MessageReader.DEFAULT_MAX_PAYLOAD),
                this,
                closer);
        session.onLateReply(this::replyLate);
    }

    /** Messages in transit on a connection: an incomplete request, and replies that the front-end has not read yet. */
    static final class Midst {
        private final byte[] begun;
        private final List<Fd> descriptors;
        private final byte[] unsent;
        private final boolean admitted;
        private final int sender;

        private Midst(byte[] begun, List<Fd> descriptors, byte[] unsent, boolean admitted, int sender) {
            this.admitted = admitted;
            this.sender = sender;
            this.begun = begun;
            this.descriptors = descriptors;
            this.unsent = unsent;
        }

        void save(StateWriter to) {
            to.block(begun).number(descriptors.size());
            descriptors.forEach(to::descriptor);
            to.block(unsent).flag(admitted).number(sender);
        }

        /** Returns whether the first message has arrived and its sender was accepted. */
        boolean admitted() {
            return admitted;
        }

        static Midst load(StateReader from, Closer closer) throws HandOverException {
            byte[] begun = from.block();
            List<Fd> descriptors = new ArrayList<>();
            for (int left = from.count(MessageReader.MAX_DESCRIPTORS); left > 0; left--) {
                Fd next = from.descriptor();
                if (next != null) {
                    descriptors.add(next.closedBy(closer));
                }
            }
            return new Midst(begun, descriptors, from.block(), from.flag(), from.number());
        }
    }

    /**
     * Continues a connection of another back-end.
     *
     * @param admission as for a new connection; called only if the other back-end had not received the first message
     * @param midst messages in transit when the other back-end stopped
     */
    static Connection takeOver(
            IoLoop loop,
            Fd socket,
            Function<PeerProcess, Optional<String>> admission,
            Session session,
            Consumer<String> ended,
            Closer closer,
            MessageTracer tracer,
            Midst midst) {
        Connection connection = new Connection(loop, socket, admission, session, ended, closer, tracer, 0);
        connection.admitted = midst.admitted;
        connection.senderBefore = midst.sender;
        connection.stream.send(ByteBuffer.wrap(midst.unsent));
        connection.resume(midst.begun, midst.descriptors);
        return connection;
    }

    private void resume(byte[] begun, List<Fd> descriptors) {
        int at = 0;
        List<Fd> beside = descriptors;
        while (!over && at < begun.length) {
            int length = Math.min(reader.wanted(), begun.length - at);
            int unused = received(ByteBuffer.wrap(begun, at, length).slice(), beside);
            beside = List.of();
            at += length;
        }
        if (!over && !session.owesReply()) {
            stream.want(reader.wanted());
        }
    }

    private int sender() {
        return senderBefore != 0 ? senderBefore : stream.sender();
    }

    /** Stops reading and sending until {@link #thaw}. */
    void freeze() {
        stream.freeze();
    }

    /** Continues after {@link #freeze}. */
    void thaw() {
        stream.thaw();
    }

    /** Returns the partly received and partly sent messages of a frozen connection. */
    Midst midst() {
        byte[] read = reader.begun();
        byte[] received = stream.begun();
        byte[] begun = Arrays.copyOf(read, read.length + received.length);
        System.arraycopy(received, 0, begun, read.length, received.length);
        List<Fd> descriptors = new ArrayList<>(reader.begunDescriptors());
        descriptors.addAll(stream.begunDescriptors());
        return new Midst(begun, descriptors, stream.unsent(), admitted, sender());
    }

    Session session() {
        return session;
    }

    /** Returns the socket, which this connection still owns. */
    Fd socket() {
        return stream.socket();
    }

    long pieces() {
        return pieces;
    }

    /** Closes all descriptors in this process, and leaves the front-end to another back-end. */
    void leave() {
        over = true;
        session.close();
        reader.close();
        stream.leave();
    }

    @Override
    public int received(ByteBuffer bytes, List<Fd> descriptors) {
        pieces++;
        if (!admitted) {
            Optional<String> refusal = admission.apply(PeerProcess.numbered(sender()));
            if (refusal.isPresent()) {
                descriptors.forEach(Fd::close);
                end(refusal.get());
                return 0;
            }
            admitted = true;
        }
        try {
            Optional<Message> message = reader.accept(MemorySegment.ofBuffer(bytes), descriptors);
            if (message.isPresent()) {
                tracer.received(message.get());
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

    /** Sends a late reply for which the front-end has waited, and continues with the next message. */
    private void replyLate(Message reply) {
        if (!over) {
            send(reply);
            stream.want(reader.wanted());
        }
    }

    private void send(Message reply) {
        try (reply) {
            tracer.replied(reply);
            stream.send(ByteBuffer.wrap(MessageWriter.bytes(reply)), reply.descriptors());
        }
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
