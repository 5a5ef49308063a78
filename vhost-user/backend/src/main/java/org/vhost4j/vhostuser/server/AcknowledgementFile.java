// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.BoundedFile;
import org.vhost4j.sys.UnreadableFile;

/**
 * The file beside a guest's socket that keeps its acknowledgement while no back-end runs. It is read when the back-end starts, and
 * written by a thread of its own, because a slow disk must not hold up a lane.
 */
final class AcknowledgementFile {
    static final String SUFFIX = ".acknowledged";

    /** What {@link #write} writes is shorter. */
    private static final int MOST_BYTES = 64 << 10;

    private final Path path;
    private final ExecutorService writer;
    private final Consumer<String> trouble;

    /** What the file is to say, nothing for no file; null when the writer has nothing to do. */
    private final AtomicReference<@Nullable Optional<Acknowledgement>> wanted = new AtomicReference<>();

    /**
     * The file of one guest.
     *
     * @param socket the guest's socket
     * @param writer one thread, which writes in order
     * @param trouble takes a line when the file cannot be read or written
     */
    AcknowledgementFile(Path socket, ExecutorService writer, Consumer<String> trouble) {
        this.path = socket.resolveSibling(socket.getFileName() + SUFFIX);
        this.writer = writer;
        this.trouble = trouble;
    }

    Path path() {
        return path;
    }

    /** What the file says; nothing when there is none, or its guest is gone: then the file goes, too. */
    Optional<Acknowledgement> read() {
        try {
            Optional<Acknowledgement> found = Acknowledgement.parse(BoundedFile.readText(path, MOST_BYTES));
            if (found.isEmpty()) {
                trouble.accept(path + " does not say what the guest has acknowledged, and is not heeded: "
                        + "it is not a text that a back-end wrote");
            } else if (found.get().isOver()) {
                remove();
                return Optional.empty();
            }
            return found;
        } catch (UnreadableFile e) {
            if (!e.isMissing()) {
                trouble.accept("cannot read what the guest has acknowledged, so it is not heeded: " + e.getMessage());
            }
            return Optional.empty();
        }
    }

    void write(Acknowledgement acknowledgement) {
        leave(Optional.of(acknowledgement));
    }

    void remove() {
        leave(Optional.empty());
    }

    /**
     * Has the writer bring the file up to date. At most one task of this file waits for it: a front-end can acknowledge faster than a
     * disk writes, and only the last counts.
     */
    private void leave(Optional<Acknowledgement> acknowledgement) {
        if (wanted.getAndSet(acknowledgement) == null) {
            writer.execute(this::bringUpToDate);
        }
    }

    private void bringUpToDate() {
        Optional<Acknowledgement> last = wanted.getAndSet(null);
        if (last == null) {
            return;
        }
        try {
            if (last.isPresent()) {
                replace(last.get().text());
            } else {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            trouble.accept((last.isPresent()
                            ? "cannot keep what the guest has acknowledged for a restart: "
                            : "cannot remove what a guest before has acknowledged: ")
                    + e);
        }
    }

    private void replace(String text) throws IOException {
        Path whole = path.resolveSibling(path.getFileName() + ".new");
        Files.deleteIfExists(whole);
        Files.createFile(whole, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(whole, text, StandardOpenOption.WRITE);
        Files.move(whole, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
