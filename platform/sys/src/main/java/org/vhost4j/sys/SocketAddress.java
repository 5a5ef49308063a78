// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.Charset;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The address to which a socket is bound or connected: a path, or a host and a port. A host's name is resolved each
 * time the address is used. Immutable; usable by any thread.
 *
 * @param path path of a Unix socket; null for a host and a port
 * @param host a name, or an IPv4 or IPv6 address; empty for a Unix socket
 * @param port 1 to 65535; 0 for a Unix socket
 */
public record SocketAddress(@Nullable Path path, String host, int port) {
    private static final int UNIX_HEADER = 2;
    private static final int IPV4_BYTES = 16;
    private static final int IPV6_BYTES = 28;

    /**
     * Returns the address of a Unix socket's path.
     *
     * @param path path of 1 to {@link UnixAddress#MAX_PATH} bytes
     * @return the address
     */
    public static SocketAddress unix(Path path) {
        return new SocketAddress(path, "", 0);
    }

    /**
     * Returns the address of a port of a host.
     *
     * @param host a name, or an IPv4 or IPv6 address
     * @param port 1 to 65535
     * @return the address
     */
    public static SocketAddress internet(String host, int port) {
        return new SocketAddress(null, host, port);
    }

    /**
     * An address in the form of system calls.
     *
     * @param family {@link LibC#AF_UNIX}, {@link LibC#AF_INET} or {@link LibC#AF_INET6}
     * @param memory a {@code struct sockaddr} of that family, and nothing else
     */
    public record Resolved(int family, MemorySegment memory) {
        /**
         * Calls socket(2) with this family.
         *
         * @param type type such as {@link LibC#SOCK_STREAM}, with flags
         * @return the socket
         * @throws SystemError when there is no descriptor left
         */
        public Fd socket(int type) {
            return Fd.of(LibC.socket(family, type | LibC.SOCK_CLOEXEC, 0), "cannot create a socket");
        }

        /**
         * Calls connect(2).
         *
         * @param socket socket of this family
         * @return 0 or the negative errno
         */
        public int connect(Fd socket) {
            return LibC.connect(socket.number(), memory.address(), (int) memory.byteSize());
        }

        /**
         * Calls bind(2).
         *
         * @param socket socket of this family
         * @return 0 or the negative errno
         */
        public int bind(Fd socket) {
            return LibC.bind(socket.number(), memory.address(), (int) memory.byteSize());
        }
    }

    /**
     * Resolves the address; a host name becomes the first address that the resolver returns. It may block on a name server.
     *
     * @return the address for system calls
     * @throws SystemError when the name is not known, or the path too long
     */
    public Resolved resolve() {
        if (path != null) {
            byte[] bytes = path.toString().getBytes(Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8")));
            if (bytes.length == 0 || bytes.length > UnixAddress.MAX_PATH) {
                throw SystemError.explained(
                        "a socket's path must have 1 to " + UnixAddress.MAX_PATH + " bytes, but " + path + " has "
                                + bytes.length,
                        Errno.EINVAL);
            }
            MemorySegment memory = Arena.ofAuto().allocate(UNIX_HEADER + bytes.length + 1L, Long.BYTES);
            memory.set(ValueLayout.JAVA_SHORT, 0, (short) LibC.AF_UNIX);
            MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, UNIX_HEADER, bytes.length);
            return new Resolved(LibC.AF_UNIX, memory);
        }
        InetAddress address;
        try {
            address = InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            throw SystemError.explained("there is no host " + host, Errno.ENOENT);
        }
        byte[] bytes = address.getAddress();
        boolean old = address instanceof Inet4Address;
        MemorySegment memory = Arena.ofAuto().allocate(old ? IPV4_BYTES : IPV6_BYTES, Long.BYTES);
        int family = old ? LibC.AF_INET : LibC.AF_INET6;
        memory.set(ValueLayout.JAVA_SHORT, 0, (short) family);
        memory.set(ValueLayout.JAVA_SHORT, 2, Short.reverseBytes((short) port));
        MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, old ? 4 : 8, bytes.length);
        return new Resolved(family, memory);
    }

    /** Returns the address as in options: {@code unix:PATH}, or {@code HOST:PORT}. */
    @Override
    public String toString() {
        return path != null ? "unix:" + path : (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
