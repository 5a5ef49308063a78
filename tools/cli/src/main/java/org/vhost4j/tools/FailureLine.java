// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vhost4j.sys.MemoryExhaustion;
import org.vhost4j.tools.common.FileTrouble;
import org.vhost4j.tools.common.UnsupportedOption;

/** The message to the user when a command fails: one line, and what to do about it where we know. */
final class FailureLine {
    /** Causes of causes that are looked at; a library may make a circle of them. */
    private static final int MOST_CAUSES = 16;

    private FailureLine() {}

    /**
     * The line.
     *
     * @param thrown what ended the command
     * @return one line, without an end
     */
    static String of(Throwable thrown) {
        List<Throwable> causes = causes(thrown);
        if (causes.stream().anyMatch(FailureLine::isLackOfDescriptors)) {
            return "too many open files: raise the limit (ulimit -n): " + message(causes.getLast());
        }
        Optional<Throwable> library =
                causes.stream().filter(FailureLine::isLackOfLibraries).findFirst();
        if (library.isPresent()) {
            return "a native library cannot be loaded from " + System.getProperty("java.io.tmpdir") + " ("
                    + message(library.get())
                    + "): let VHOST4J_JVM_OPTIONS=-Djava.io.tmpdir=DIR name a directory that is writable and not"
                    + " mounted noexec, or unpack the libraries with tools/build";
        }
        if (MemoryExhaustion.isCauseOf(thrown)) {
            String message = message(causes.getLast());
            return message.contains("native thread")
                    ? "cannot start a thread: raise the limit of processes (ulimit -u) or of memory (ulimit -v): "
                            + message
                    : "out of memory: " + message;
        }
        // An error that has no words of its own, such as that of a class's initialization, has a cause with some.
        return message(thrown instanceof Error ? causes.getLast() : thrown);
    }

    /**
     * The status that goes with it.
     *
     * @param thrown what ended the command
     * @return 2 when the request cannot be fulfilled, else 1
     */
    static int status(Throwable thrown) {
        return thrown instanceof UnsupportedOption || thrown instanceof IOException ? 2 : 1;
    }

    private static List<Throwable> causes(Throwable thrown) {
        List<Throwable> causes = new ArrayList<>();
        Throwable cause = thrown;
        while (cause != null && causes.size() < MOST_CAUSES) {
            causes.add(cause);
            cause = cause.getCause();
        }
        return causes;
    }

    private static boolean isLackOfDescriptors(Throwable cause) {
        String message = String.valueOf(cause.getMessage());
        return message.contains("Too many open files") || message.contains("EMFILE");
    }

    private static boolean isLackOfLibraries(Throwable cause) {
        // A class that failed to initialize is named in every later error, and only the first has the reason.
        return cause instanceof UnsatisfiedLinkError
                || (cause instanceof NoClassDefFoundError
                        && String.valueOf(cause.getMessage()).matches(".*(com\\.sun\\.jna|LibC|netty).*"));
    }

    private static String message(Throwable thrown) {
        if (thrown instanceof FileSystemException file && file.getReason() == null) {
            // Its own message is the path alone.
            return file.getMessage() + ": " + FileTrouble.of(file);
        }
        String message = thrown.getMessage();
        String first = message == null ? "" : message.lines().findFirst().orElse("");
        boolean ours = thrown instanceof Exception && !first.isEmpty();
        return ours ? first : thrown.getClass().getSimpleName() + (first.isEmpty() ? "" : ": " + first);
    }
}
