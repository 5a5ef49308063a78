// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.ring.QueueProgress;
import org.vhost4j.sys.MappedFile;
import org.vhost4j.sys.OwnFile;
import org.vhost4j.sys.PeerProcess;
import org.vhost4j.sys.SystemError;
import org.vhost4j.sys.UnreadableFile;

/**
 * The file beside a guest's socket that stores the device's position in each queue, for a back-end that is started after a crash. It is
 * mapped, so that its contents outlive this process without system calls. It is valid only for the front-end process that owns the queues:
 * another process has other rings, and an unknown process may be another one.
 *
 * <p>A header contains the format and the front-end's process; after it each queue has {@link QueueProgress#BYTES} bytes. While one
 * back-end hands a guest over to another, both have the file mapped, and only the owner of the guest writes.
 */
final class ProgressFile {
    static final String SUFFIX = ".positions";

    private static final int FORMAT_BYTES = 64;
    private static final int HEADER = 256;

    private final List<QueueProgress> queues = new ArrayList<>();
    private final @Nullable OwnFile file;
    private final @Nullable MappedFile mapped;
    private final MemorySegment memory;
    private Optional<String> unkept;

    /** Whether this object has created the file. */
    private final boolean made;

    /** The part of the header that identifies the front-end's process. */
    private final MemorySegment process;

    private ProgressFile(
            int count, @Nullable OwnFile file, @Nullable MappedFile mapped, boolean made, Optional<String> unkept) {
        this.file = file;
        this.made = made;
        this.mapped = mapped;
        this.unkept = unkept;
        this.memory = mapped == null ? Arena.ofAuto().allocate(bytes(count), QueueProgress.BYTES) : mapped.segment();
        this.process = memory.asSlice(FORMAT_BYTES, HEADER - FORMAT_BYTES);
        for (int i = 0; i < count; i++) {
            queues.add(new QueueProgress(memory.asSlice(HEADER + (long) QueueProgress.BYTES * i, QueueProgress.BYTES)));
        }
    }

    private static int bytes(int count) {
        return HEADER + QueueProgress.BYTES * count;
    }

    /**
     * Returns an object without a file: the positions outlive a front-end's connection, but not this process.
     *
     * @param count number of queues
     */
    static ProgressFile ofThisProcess(int count) {
        return new ProgressFile(count, null, null, false, Optional.empty());
    }

    /**
     * Maps the file of one guest, or creates one if there is no usable file.
     *
     * @param socket the guest's socket
     * @param count number of queues
     * @param trouble receives a line when there is a file that this program has not created
     */
    static ProgressFile of(Path socket, int count, Consumer<String> trouble) {
        OwnFile file = new OwnFile(socket.resolveSibling(socket.getFileName() + SUFFIX), bytes(count));
        byte[] format = Arrays.copyOf(
                "vhost4j positions 1, queues %d%n".formatted(count).getBytes(StandardCharsets.US_ASCII), FORMAT_BYTES);
        MappedFile found = existing(file, format, trouble);
        if (found != null) {
            return new ProgressFile(count, file, found, false, Optional.empty());
        }
        try {
            file.replace(Arrays.copyOf(format, bytes(count)));
            return new ProgressFile(count, file, file.map(), true, Optional.empty());
        } catch (SystemError | UnreadableFile e) {
            removeQuietly(file);
            return new ProgressFile(count, null, null, false, Optional.of(String.valueOf(e.getMessage())));
        }
    }

    private static @Nullable MappedFile existing(OwnFile file, byte[] format, Consumer<String> trouble) {
        file.tidy();
        try {
            MappedFile found = file.map();
            if (found.segment().asSlice(0, FORMAT_BYTES).mismatch(MemorySegment.ofArray(format)) == -1) {
                return found;
            }
            found.close();
        } catch (UnreadableFile e) {
            if (!e.isMissing()) {
                trouble.accept("cannot use the file of queue positions, so it is replaced: " + e.getMessage());
            }
        } catch (SystemError e) {
            trouble.accept("cannot use the file of queue positions, so it is replaced: " + e.getMessage());
        }
        return null;
    }

    private static void removeQuietly(OwnFile file) {
        try {
            file.remove();
        } catch (SystemError e) {
            // A directory: reported when it could not be replaced.
        }
    }

    /**
     * Reports once why a crash of this process would lose the positions of packed rings, if it would. The positions of split rings are in
     * the rings.
     */
    void reportUnsaved(Consumer<String> line) {
        unkept.ifPresent(reason ->
                line.accept("its packed rings will stop if this back-end crashes and is started again: " + reason));
        unkept = Optional.empty();
    }

    /**
     * Records that a front-end has connected, and discards the positions of another front-end. A thread other than the guest's lane may
     * call this as long as no queue runs.
     *
     * @param frontEnd process of the front-end
     */
    void attached(PeerProcess frontEnd) {
        byte[] name = Arrays.copyOf(
                "%s %d %d %d%n"
                        .formatted(frontEnd.boot(), frontEnd.namespace(), frontEnd.number(), frontEnd.startTime())
                        .getBytes(StandardCharsets.US_ASCII),
                HEADER - FORMAT_BYTES);
        boolean known = frontEnd.known() && frontEnd.startTime() != 0;
        if (!known && mapped != null) {
            unkept = Optional.of("it is not visible which process its front-end is");
        }
        if (known && process.mismatch(MemorySegment.ofArray(name)) == -1) {
            return;
        }
        queues.forEach(QueueProgress::forget);
        // After a crash during this update, the file contains no valid positions.
        VarHandle.releaseFence();
        MemorySegment.copy(name, 0, process, ValueLayout.JAVA_BYTE, 0, name.length);
    }

    /** Returns the progress of a queue. */
    QueueProgress of(int queue) {
        return queues.get(queue);
    }

    /** Removes the file when the back-end ends and its guest has certainly ended. */
    void remove() {
        if (file != null) {
            removeQuietly(file);
        }
    }

    /**
     * Removes a file that this object has created, because the back-end does not serve the guest; an older file stays.
     */
    void removeNew() {
        if (made) {
            remove();
        }
    }

    /** Unmaps the file. Called when no queue runs any more. */
    void close() {
        if (mapped != null) {
            mapped.close();
        }
    }
}
