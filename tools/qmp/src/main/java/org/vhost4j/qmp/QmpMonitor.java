// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.vhost4j.qmp.schema.Schema;
import org.vhost4j.vhostuser.server.BackendListener;
import tools.jackson.databind.node.JsonNodeFactory;

/** The QMP monitor of one back-end. Its socket exists before the back-end runs; clients are served once it runs. */
public final class QmpMonitor implements AutoCloseable {
    /**
     * Maximum time in seconds for which a client that ends the program, but does not read the answer, can delay the
     * end.
     */
    private static final long ANSWER_SECONDS = 1;

    private final QmpServer server;
    private final String version;
    private final QmpEvents events;
    private final AtomicBoolean ending = new AtomicBoolean();

    private QmpMonitor(QmpServer server, String version) {
        this.server = server;
        this.version = version;
        this.events = new QmpEvents(server::publish);
    }

    /**
     * Creates the socket, with mode 0600.
     *
     * @param path the path of the socket file, which {@link #close} removes
     * @param version the version of this program
     * @param trouble receives messages for the operator, one line each
     * @return the monitor, which does not serve clients yet
     * @throws IOException when the socket cannot be created; the message is one clause for the user
     */
    public static QmpMonitor listen(Path path, String version, Consumer<String> trouble) throws IOException {
        return new QmpMonitor(new QmpServer(QmpSocket.listen(path), trouble), version);
    }

    /** Creates the socket, with a given maximum time for writing pending output when the monitor is closed. */
    static QmpMonitor listen(Path path, String version, Consumer<String> trouble, Duration farewell)
            throws IOException {
        return new QmpMonitor(new QmpServer(QmpSocket.listen(path), trouble, farewell), version);
    }

    /**
     * Creates the source of events for clients.
     *
     * @return a listener, to be notified of what happens in the back-end
     */
    public BackendListener events() {
        return events;
    }

    /**
     * Starts to serve clients.
     *
     * @param served the objects that clients query and change
     * @param quit called when a client has sent {@code quit}; must return quickly
     */
    public void serve(Served served, Runnable quit) {
        Schema schema = Schema.load();
        ProtocolAnswers protocol = new ProtocolAnswers(schema, version);
        PlatformAnswers platforms = new PlatformAnswers(
                served.catalog(), served.host(), served.resolution().platform());
        BackendAnswers backend = new BackendAnswers(served);
        PortAnswers ports = new PortAnswers(served);
        CaptureAnswers captures = new CaptureAnswers(served.backend().captures(), "vhost4j " + version);
        Map<String, CommandHandler> handlers = new HashMap<>();
        handlers.put(Dispatcher.NEGOTIATE, ProtocolAnswers::negotiate);
        handlers.put("query-version", (session, arguments) -> protocol.version());
        handlers.put("query-commands", (session, arguments) -> protocol.commands());
        handlers.put("query-qmp-schema", (session, arguments) -> protocol.introspection());
        handlers.put("query-machines", (session, arguments) -> platforms.machines(arguments));
        handlers.put("query-platforms", (session, arguments) -> platforms.platforms(arguments));
        handlers.put("query-host-capabilities", (session, arguments) -> platforms.hostCapabilities());
        handlers.put("query-devices", (session, arguments) -> backend.devices());
        handlers.put("set_link", (session, arguments) -> backend.setLink(arguments));
        ChangeAnswers changes = new ChangeAnswers(served.changes());
        handlers.put("guest-add", (session, arguments) -> changes.addGuest(arguments));
        handlers.put("guest-set", (session, arguments) -> changes.setGuest(arguments));
        handlers.put("guest-remove", (session, arguments) -> changes.removeGuest(arguments));
        handlers.put("port-add", (session, arguments) -> changes.addPort(arguments));
        handlers.put("port-set", (session, arguments) -> changes.setPort(arguments));
        handlers.put("port-remove", (session, arguments) -> changes.removePort(arguments));
        handlers.put("query-stats", (session, arguments) -> backend.stats());
        handlers.put("query-ports", (session, arguments) -> ports.ports());
        handlers.put("query-fdb", (session, arguments) -> ports.stations(arguments));
        handlers.put("query-lanes", (session, arguments) -> ports.lanes());
        handlers.put("capture-start", (session, arguments) -> captures.start(arguments));
        handlers.put("capture-stop", (session, arguments) -> captures.stop(arguments));
        handlers.put("query-captures", (session, arguments) -> captures.all());
        handlers.put("quit", (session, arguments) -> {
            shutdown("host-qmp-quit");
            session.quit();
            CompletableFuture.delayedExecutor(ANSWER_SECONDS, TimeUnit.SECONDS).execute(quit);
            return JsonNodeFactory.instance.objectNode();
        });
        server.start(protocol.greeting(), new Dispatcher(schema, handlers), quit);
    }

    private void shutdown(String reason) {
        if (ending.compareAndSet(false, true)) {
            server.publishNow(QmpEvents.shutdown(reason));
        }
    }

    /** Sends the event SHUTDOWN because a signal ends the process; does nothing if the end was already reported. */
    public void endedBySignal() {
        shutdown("host-signal");
    }

    /** Disconnects all clients and removes the socket. This takes a third of a second when a client does not read. */
    @Override
    public void close() {
        server.close();
    }
}
