// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The listening socket and its file. Only the file's owner can ever connect: the file is created in a directory that only the owner can
 * enter, and its mode is set before it is moved to its path. A socket file of a process that has ended is replaced. A file on which a
 * process listens, or which is not a socket, is not replaced.
 */
public final class QmpSocket implements AutoCloseable {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");
    private static final int BACKLOG = 16;
    /** Maximum length of a socket's path in bytes (unix(7)). */
    private static final int LONGEST_PATH = 107;
    /** Mask of the file type in a file's mode, and the type of a socket (inode(7)). */
    private static final int TYPE = 0xf000;

    private static final int SOCKET = 0xc000;

    private final ServerSocketChannel channel;
    private final Path path;
    private final @Nullable Object file;

    private QmpSocket(ServerSocketChannel channel, Path path) throws IOException {
        this.channel = channel;
        this.path = path;
        this.file = identity(path);
    }

    /**
     * Listens on a path.
     *
     * @param path the path of the socket file
     * @return the socket
     * @throws IOException when the socket cannot be created; the message is one clause for the user
     */
    public static QmpSocket listen(Path path) throws IOException {
        if (path.toString().getBytes(StandardCharsets.UTF_8).length > LONGEST_PATH) {
            throw new IOException("the path is longer than " + LONGEST_PATH + " bytes");
        }
        removeStale(path);
        Path parent = path.toAbsolutePath().getParent();
        Path directory;
        try {
            // Created with mode 0700.
            directory = Files.createTempDirectory(parent, ".q");
        } catch (IOException e) {
            throw new IOException("cannot create a file in " + parent, e);
        }
        Path hidden = hidden(directory, path);
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.bind(UnixDomainSocketAddress.of(hidden), BACKLOG);
            Files.setPosixFilePermissions(hidden, OWNER_ONLY);
            // Unlike a rename this does not replace a file that was created meanwhile.
            Files.createLink(path, hidden);
            return new QmpSocket(channel, path);
        } catch (FileAlreadyExistsException e) {
            channel.close();
            throw new IOException("another process has just created it", e);
        } catch (IOException e) {
            channel.close();
            throw new IOException("cannot create the socket: " + e.getMessage(), e);
        } finally {
            Files.deleteIfExists(hidden);
            Files.delete(directory);
        }
    }

    /**
     * Returns the path at which the socket is created. It contains the name of the final file if it is short enough, because the kernel
     * keeps displaying the first path.
     */
    private static Path hidden(Path directory, Path path) {
        Path likely = directory.resolve(path.getFileName());
        Path relative = Path.of("").toAbsolutePath().relativize(likely);
        return likely.toString().length() <= LONGEST_PATH
                ? likely
                : relative.toString().length() <= LONGEST_PATH ? relative : directory.resolve("s");
    }

    private static void removeStale(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Object mode = Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        if (!(mode instanceof Integer bits) || (bits & TYPE) != SOCKET) {
            throw new IOException("a file with that name exists and is not a socket");
        }
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            // A server with a full backlog must not block this process.
            probe.configureBlocking(false);
            boolean unused = probe.connect(UnixDomainSocketAddress.of(path));
        } catch (ConnectException e) {
            // Refused: no process listens.
            Files.deleteIfExists(path);
            return;
        } catch (IOException e) {
            throw new IOException("cannot determine whether another process listens there: " + e.getMessage(), e);
        }
        throw new IOException("another process listens there already");
    }

    /**
     * Waits until a client connects.
     *
     * @return the connection, in blocking mode
     * @throws IOException when the socket is closed, or a connection cannot be accepted now
     */
    public SocketChannel accept() throws IOException {
        return channel.accept();
    }

    /**
     * Returns whether the socket is open.
     *
     * @return false after {@link #close}
     */
    public boolean isOpen() {
        return channel.isOpen();
    }

    private static @Nullable Object identity(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .fileKey();
    }

    /** Removes the file, if it still belongs to this socket, and closes the socket. */
    @Override
    public void close() throws IOException {
        if (channel.isOpen()) {
            channel.close();
            if (Files.exists(path, LinkOption.NOFOLLOW_LINKS) && file != null && file.equals(identity(path))) {
                Files.deleteIfExists(path);
            }
        }
    }
}
