// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.probe;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.vhost4j.conformance.trace.MessagePrinter;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.Rendezvous;
import org.vhost4j.sys.SystemError;
import org.vhost4j.tools.common.UnsupportedOption;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The options that specify the back-end's socket, for every command that acts as a front-end. */
public final class SocketOptions {
    private static final int LONGEST_TIMEOUT = 3600;

    @Parameters(
            index = "0",
            paramLabel = "SOCKET",
            description = "The Unix socket on which the back-end listens (with --listen, this program).")
    @SuppressWarnings("NullAway.Init")
    private Path socket;

    @Option(names = "--listen", description = "Listen at SOCKET, for a back-end that connects.")
    private boolean listen;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            description = "The timeout for the connection and for each answer, 1 to 3600 (default: ${DEFAULT-VALUE}).")
    private int timeout = 10;

    @Mixin
    private MessageOptions trace = new MessageOptions();

    /**
     * Creates the socket for connections to the back-end: the front-end connects to it, or listens on it.
     *
     * @return the socket, which the caller closes
     * @throws UnsupportedOption when it cannot be created
     */
    public Rendezvous rendezvous() {
        if (timeout < 1 || timeout > LONGEST_TIMEOUT) {
            throw new UnsupportedOption("--timeout is " + timeout + ", not 1 to " + LONGEST_TIMEOUT + " seconds");
        }
        Optional<MessagePrinter> printer = trace.printer();
        try {
            Rendezvous rendezvous = listen ? Rendezvous.listening(socket) : Rendezvous.connecting(socket);
            printer.ifPresent(each -> rendezvous.watchAlso(each::connection));
            return rendezvous;
        } catch (SystemError | IllegalArgumentException e) {
            throw cannot(e);
        }
    }

    /**
     * Returns the path of the back-end's socket.
     *
     * @return the path as given
     */
    public Path socket() {
        return socket;
    }

    /**
     * Connects to the back-end, or waits until it connects.
     *
     * @param rendezvous the rendezvous
     * @return a new connection
     * @throws UnsupportedOption when there was none in time
     */
    public FrontEnd connect(Rendezvous rendezvous) {
        try {
            return rendezvous.connect(patience());
        } catch (FrontEndException | SystemError | IllegalArgumentException e) {
            throw cannot(e);
        }
    }

    /**
     * Returns the maximum time to wait for the back-end and for each answer.
     *
     * @return value of {@code --timeout}
     */
    public Duration patience() {
        return Duration.ofSeconds(timeout);
    }

    private static UnsupportedOption cannot(RuntimeException e) {
        return new UnsupportedOption(String.valueOf(e.getMessage()));
    }
}
