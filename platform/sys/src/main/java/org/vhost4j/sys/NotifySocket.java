// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Notifies the service manager of this process's state, as sd_notify(3) does: by a datagram to the socket that
 * NOTIFY_SOCKET names.
 */
public final class NotifySocket {
    private static final int PATH = 2;
    private static final int MOST_NAME = 107;

    private final @Nullable String socket;

    private NotifySocket(@Nullable String socket) {
        this.socket = socket;
    }

    /**
     * Returns the socket of the service manager that started this process.
     *
     * @return the socket; without a service manager, one that ignores all notifications
     */
    public static NotifySocket ofEnvironment() {
        return new NotifySocket(System.getenv("NOTIFY_SOCKET"));
    }

    /**
     * Returns a socket with a given address.
     *
     * @param socket a path, or an abstract name after {@code @}
     * @return the socket
     */
    public static NotifySocket at(String socket) {
        return new NotifySocket(socket);
    }

    /**
     * Notifies that the service has started.
     *
     * @return the reason why the notification failed, in one line; empty on success
     */
    public Optional<String> ready() {
        return send("READY=1");
    }

    /**
     * Notifies that the service is reloading its configuration; call {@link #ready} afterwards.
     *
     * @return the reason why the notification failed, in one line; empty on success
     */
    public Optional<String> reloading() {
        // On Linux this clock is CLOCK_MONOTONIC.
        return send("RELOADING=1\nMONOTONIC_USEC=" + System.nanoTime() / 1000);
    }

    /**
     * Notifies that another process is the service's main process from now on.
     *
     * @param process process ID
     * @return the reason why the notification failed, in one line; empty on success
     */
    public Optional<String> mainProcess(int process) {
        return send("MAINPID=" + process + "\nREADY=1");
    }

    private Optional<String> send(String state) {
        String name = socket;
        if (name == null || name.isEmpty()) {
            return Optional.empty();
        }
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MOST_NAME || (bytes[0] != '/' && bytes[0] != '@')) {
            return Optional.of("NOTIFY_SOCKET=" + name + " is neither a path nor an abstract name of a socket");
        }
        try (Arena arena = Arena.ofConfined();
                Fd datagrams = Fd.of(
                        LibC.unixDatagramSocket(LibC.SOCK_CLOEXEC | LibC.SOCK_NONBLOCK), "cannot create a socket")) {
            MemorySegment address = arena.allocate(PATH + MOST_NAME + 1L, Long.BYTES);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) LibC.AF_UNIX);
            MemorySegment.copy(bytes, 0, address, ValueLayout.JAVA_BYTE, PATH, bytes.length);
            if (bytes[0] == '@') {
                address.set(ValueLayout.JAVA_BYTE, PATH, (byte) 0);
            }
            // The address length ends an abstract name; a zero byte ends a path.
            int length = PATH + bytes.length + (bytes[0] == '@' ? 0 : 1);
            SystemError.check(
                    LibC.connect(datagrams.number(), address.address(), length), "cannot reach the service manager");
            byte[] text = state.getBytes(StandardCharsets.UTF_8);
            MemorySegment message = arena.allocate(text.length, Long.BYTES);
            message.copyFrom(MemorySegment.ofArray(text));
            int sent = new SocketMessage().send(datagrams, message, 0, text.length, List.of());
            SystemError.check(sent, "cannot notify the service manager of " + state.replace('\n', ' '));
            return Optional.empty();
        } catch (SystemError e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }
}
