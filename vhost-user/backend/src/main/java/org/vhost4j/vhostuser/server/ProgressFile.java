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
 * The file beside a guest's socket that keeps how far the device is in each queue, for a back-end that is started after a crash. It is
 * mapped, so that what the device stores there outlives this process without a system call. What it says counts only for the front-end
 * process whose queues they are: another one has other rings, and one that is not known may be another one.
 *
 * <p>A header names format and front-end; after it each queue has {@link QueueProgress#BYTES} bytes. While two back-ends hand a guest
 * over, both have the file mapped, and only the one that has the guest stores.
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

    /** Whether there was no such file before. */
    private final boolean made;

    /** The front-end, as in the header. */
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
     * Progress that does not outlive this process, but a front-end's connections.
     *
     * @param count how many queues there are
     */
    static ProgressFile ofThisProcess(int count) {
        return new ProgressFile(count, null, null, false, Optional.empty());
    }

    /**
     * Maps the file of one guest, or makes a new one when there is none that can be used.
     *
     * @param socket the guest's socket
     * @param count how many queues there are
     * @param trouble receives a line when there is something that is no file of this program
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
                trouble.accept(
                        "cannot use what is kept of the guest's positions, so it is replaced: " + e.getMessage());
            }
        } catch (SystemError e) {
            trouble.accept("cannot use what is kept of the guest's positions, so it is replaced: " + e.getMessage());
        }
        return null;
    }

    private static void removeQuietly(OwnFile file) {
        try {
            file.remove();
        } catch (SystemError e) {
            // A directory: it was named when it could not be replaced.
        }
    }

    /** Says, once, why a crash of this process loses the positions, if it does. A split ring's are in the ring. */
    void sayUnkept(Consumer<String> line) {
        unkept.ifPresent(reason -> line.accept(
                "its packed rings will stand still when this back-end has crashed and is started again: " + reason));
        unkept = Optional.empty();
    }

    /**
     * Records that a front-end has connected: the positions kept for another one are forgotten. A thread other than the
     * guest's lane may call this as long as no queue runs.
     *
     * @param frontEnd process of the front-end
     */
    void heard(PeerProcess frontEnd) {
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
        // A crash in the midst of the name leaves no positions.
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

    /** Unmaps, when nothing runs any more. */
    void close() {
        if (mapped != null) {
            mapped.close();
        }
    }
}
