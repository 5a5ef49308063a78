// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.OwnFile;
import org.vhost4j.sys.SystemError;
import org.vhost4j.sys.UnreadableFile;

/**
 * The file next to a guest's socket that stores its {@link Acknowledgement} while no back-end runs. It is read when the back-end starts. A
 * separate thread writes it, because a slow disk must not delay a lane.
 */
final class AcknowledgementFile {
    static final String SUFFIX = ".acknowledged";

    /** Maximum size of the file in bytes: more than {@link #write} writes. */
    private static final int MOST_BYTES = 64 << 10;

    private final OwnFile file;
    private final ExecutorService writer;
    private final Consumer<String> trouble;

    /** The content to write: empty to remove the file; null when the writer has nothing to do. */
    private final AtomicReference<@Nullable Optional<Acknowledgement>> wanted = new AtomicReference<>();

    /**
     * Creates the file of one guest.
     *
     * @param socket socket of the guest
     * @param writer executor with a single thread, which writes in order
     * @param trouble receives a line when the file cannot be read or written
     */
    AcknowledgementFile(Path socket, ExecutorService writer, Consumer<String> trouble) {
        this.file = new OwnFile(socket.resolveSibling(socket.getFileName() + SUFFIX), MOST_BYTES);
        this.writer = writer;
        this.trouble = trouble;
    }

    Path path() {
        return file.path();
    }

    /** Reads the file. Returns empty when there is none, or when its guest has ended; the file is removed then. */
    Optional<Acknowledgement> read() {
        file.tidy();
        try {
            Optional<Acknowledgement> found = Acknowledgement.parse(file.read());
            if (found.isEmpty()) {
                trouble.accept(path() + " is not a valid record of acknowledged features, and is ignored: "
                        + "it is not a text that a back-end wrote");
            } else if (found.get().isOver()) {
                remove();
                return Optional.empty();
            }
            return found;
        } catch (UnreadableFile e) {
            if (!e.isMissing()) {
                trouble.accept("cannot read the record of acknowledged features, so it is ignored: " + e.getMessage());
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
     * Requests an update of the file by the writer. At most one task is queued for this file: a front-end can acknowledge features faster
     * than a disk writes, and only the last content is needed.
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
                file.replace(last.get().text());
            } else {
                file.remove();
            }
        } catch (SystemError e) {
            trouble.accept((last.isPresent()
                            ? "cannot store the acknowledged features for a restart: "
                            : "cannot remove the record of an earlier guest: ")
                    + e.getMessage());
        }
    }
}
