// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vhost4j.sys.MemoryExhaustion;
import org.vhost4j.sys.PrintableText;
import org.vhost4j.tools.common.FileTrouble;
import org.vhost4j.tools.common.UnsupportedOption;

/** Creates the message to the user when a command fails: one line, with a remedy if one is known. */
final class FailureLine {
    /** Maximum number of nested causes that are examined, because a library may create a circular chain. */
    private static final int MOST_CAUSES = 16;

    private FailureLine() {}

    /**
     * Returns the message for an exception.
     *
     * @param thrown exception that ended the command
     * @return one line, without a line end
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
        // An error without a message, such as that of a class's initialization, has a cause with one.
        return message(thrown instanceof Error ? causes.getLast() : thrown);
    }

    /**
     * Returns the exit status for an exception.
     *
     * @param thrown exception that ended the command
     * @return 2 when the request cannot be fulfilled, otherwise 1
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
        // Every later error names a class that failed to initialize, but only the first error has the reason.
        return cause instanceof UnsatisfiedLinkError
                || (cause instanceof NoClassDefFoundError
                        && String.valueOf(cause.getMessage()).matches(".*(com\\.sun\\.jna|LibC|netty).*"));
    }

    private static String message(Throwable thrown) {
        if (thrown instanceof FileSystemException file && file.getReason() == null) {
            // The exception's own message is only the path.
            return file.getMessage() + ": " + FileTrouble.of(file);
        }
        String message = thrown.getMessage();
        String first = message == null
                ? ""
                : PrintableText.of(message.lines().findFirst().orElse(""));
        boolean ours = thrown instanceof Exception && !first.isEmpty();
        return ours ? first : thrown.getClass().getSimpleName() + (first.isEmpty() ? "" : ": " + first);
    }
}
