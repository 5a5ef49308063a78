// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import io.netty.channel.IoEvent;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.Future;
import java.io.UncheckedIOException;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.HotCalls;
import org.vhost4j.sys.SystemError;

/**
 * The registration of a descriptor with an event loop. Close it before the descriptor, because epoll identifies descriptors by number. It
 * never closes the descriptor itself.
 */
public final class FdHandle implements AutoCloseable {
    /** Level-triggered readability. */
    public static final EpollIoOps READ = EpollIoOps.EPOLLIN;
    /** Edge-triggered readability: reported each time that data arrives, even if earlier data has not been read. */
    public static final EpollIoOps READ_EDGE = EpollIoOps.EPOLLIN.with(EpollIoOps.EPOLLET);
    /** Edge-triggered: reported each time that data arrives, room becomes free, or the peer closes. */
    public static final EpollIoOps STREAM_EDGE = EpollIoOps.EPOLLIN
            .with(EpollIoOps.EPOLLOUT)
            .with(EpollIoOps.EPOLLRDHUP)
            .with(EpollIoOps.EPOLLET);
    /** Errors only. {@code NONE} is not used, because it removes the descriptor from epoll, and Netty 4.2 does not add it again. */
    public static final EpollIoOps QUIET = EpollIoOps.EPOLLERR;

    /** Handles the events of a descriptor. Called by the loop's thread; exceptions are reported and have no other effect. */
    @FunctionalInterface
    public interface Handler {
        /**
         * Handles events of the descriptor, which may be spurious: a report can be left over from an earlier descriptor
         * of the same number.
         *
         * @param events a mask of {@code EPOLL} bits
         */
        void ready(int events);

        /** Handles the end of the loop. The registration is closed already; its owner must now close the descriptor. */
        default void loopClosed() {}
    }

    private final IoLoop loop;
    private final Handler handler;
    private final IoRegistration registration;

    private FdHandle(IoLoop loop, Handler handler, IoRegistration registration) {
        this.loop = loop;
        this.handler = handler;
        this.registration = registration;
    }

    /**
     * Registers a descriptor with a loop. Called by the loop's thread.
     *
     * @param loop the loop
     * @param fd the descriptor, which must stay open until this object is closed
     * @param interest events to report
     * @param handler called for its events
     * @return the registration
     * @throws SystemError when epoll refuses the descriptor, as it does with a regular file
     */
    public static FdHandle open(IoLoop loop, Fd fd, EpollIoOps interest, Handler handler) {
        loop.assertInLoop();
        // On the loop's own thread the future is complete when it is returned.
        Future<IoRegistration> registering = loop.eventLoop().register(new Guarded(loop, fd, handler));
        Throwable cause = registering.cause();
        if (cause != null) {
            throw refused(fd, cause);
        }
        FdHandle handle = new FdHandle(loop, handler, registering.getNow());
        loop.opened(handle);
        try {
            handle.registration.submit(interest);
        } catch (UncheckedIOException e) {
            // Netty accepts a regular file at registration, and gets the error only now.
            handle.close();
            throw refused(fd, e);
        }
        return handle;
    }

    private static SystemError refused(Fd fd, Throwable cause) {
        return SystemError.explained(
                "cannot watch " + fd + " for events, which works for sockets, pipes, eventfds and TAPs only: "
                        + cause.getMessage(),
                Errno.EPERM);
    }

    /**
     * Changes the reported events.
     *
     * @param interest events to report from now on
     */
    public void interest(EpollIoOps interest) {
        registration.submit(interest);
    }

    /** Removes the descriptor from the loop; later calls do nothing. Called by the loop's thread, or when the loop has ended. */
    @Override
    public void close() {
        if (loop.hasEnded()) {
            return;
        }
        loop.assertInLoop();
        registration.cancel();
        loop.closed(this);
    }

    /** Closes the registration because the loop ends. */
    void closeWithLoop() {
        close();
        loop.guarded(handler::loopClosed);
    }

    /** The object that is registered with Netty. */
    private static final class Guarded implements EpollIoHandle {
        private final IoLoop loop;
        private final FileDescriptor number;
        private final Handler handler;

        Guarded(IoLoop loop, Fd fd, Handler handler) {
            this.loop = loop;
            // Only holds the number: its close() is never called.
            this.number = new FileDescriptor(fd.number());
            this.handler = handler;
        }

        @Override
        public FileDescriptor fd() {
            return number;
        }

        @Override
        public void handle(IoRegistration registration, IoEvent event) {
            try {
                handler.ready(((EpollIoEvent) event).ops().value());
                // A pending error of an access to lost memory must be thrown inside this try.
                HotCalls.checkpoint();
            } catch (Throwable t) {
                loop.report(t);
            }
        }

        @Override
        public void close() {
            // The loop has ended and already closed the registration.
        }
    }
}
