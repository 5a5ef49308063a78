// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.trace;

import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.frontend.SocketWatcher;
import org.vhost4j.vhostuser.wire.MessageHeader;

/**
 * Prints every message between the front-end and a back-end on one line, like the back-end's {@code --trace}: the time in UTC, the number
 * of the connection, the sender, name, flags, payload, descriptors, and the payload's size.
 */
public final class MessagePrinter {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSSSSS").withZone(ZoneOffset.UTC);

    private final Consumer<String> lines;
    private final Clock clock;
    private int connections;

    /**
     * Creates a printer.
     *
     * @param lines receives each line; called by the threads that send and receive
     * @param clock the clock for the time stamps
     */
    public MessagePrinter(Consumer<String> lines, Clock clock) {
        this.lines = lines;
        this.clock = clock;
    }

    /**
     * Creates a watcher for the next connection.
     *
     * @param other another watcher, which is notified of everything too; null for none
     * @return the watcher of one socket
     */
    public synchronized SocketWatcher connection(@Nullable SocketWatcher other) {
        connections++;
        return new Watcher(Integer.toString(connections), other);
    }

    private synchronized void line(String connection, String text) {
        lines.accept(TIME.format(clock.instant()) + " #" + connection + " " + text);
    }

    private void message(TracedMessage message) {
        boolean channel = message.connection().endsWith(TracedMessage.CHANNEL);
        String sender = message.sent() ? "front-end" : channel ? "back-end's channel" : "back-end";
        line(
                message.connection(),
                sender + ": " + message.text() + "; size " + Math.max(0, message.bytes().length - MessageHeader.BYTES));
    }

    /** The watcher of one socket. */
    private final class Watcher implements SocketWatcher {
        private final String connection;
        private final @Nullable SocketWatcher other;

        Watcher(String connection, @Nullable SocketWatcher other) {
            this.connection = connection;
            this.other = other;
        }

        @Override
        public void sent(byte[] bytes, int descriptors) {
            message(new TracedMessage(connection, true, bytes.clone(), descriptors));
            if (other != null) {
                other.sent(bytes, descriptors);
            }
        }

        @Override
        public void received(RawMessage message) {
            message(TracedMessage.received(connection, message));
            if (other != null) {
                other.received(message);
            }
        }

        @Override
        public void closedByBackEnd() {
            line(connection, "closed by the back-end");
            if (other != null) {
                other.closedByBackEnd();
            }
        }

        @Override
        public void closed() {
            line(connection, "closed by the front-end");
            if (other != null) {
                other.closed();
            }
        }

        @Override
        public SocketWatcher channel() {
            return new Watcher(connection + TracedMessage.CHANNEL, other == null ? null : other.channel());
        }
    }
}
