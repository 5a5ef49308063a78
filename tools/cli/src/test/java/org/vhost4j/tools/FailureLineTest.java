// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.SystemError;
import org.vhost4j.tools.common.UnsupportedOption;

class FailureLineTest {
    @Test
    void aRefusalIsItsOwnLine() {
        assertThat(FailureLine.of(new UnsupportedOption("--queues=0: a guest has 1 to 127 queue pairs\nmore")))
                .isEqualTo("--queues=0: a guest has 1 to 127 queue pairs");
        assertThat(FailureLine.of(new IllegalStateException())).isEqualTo("IllegalStateException");
        assertThat(FailureLine.status(new UnsupportedOption(""))).isEqualTo(2);
        assertThat(FailureLine.status(new IOException())).isEqualTo(2);
        assertThat(FailureLine.status(new IllegalStateException())).isEqualTo(1);
    }

    @Test
    void aPathAloneIsNoMessage() {
        assertThat(FailureLine.of(new NoSuchFileException("/none/x"))).isEqualTo("/none/x: No such file or directory");
        assertThat(FailureLine.of(new AccessDeniedException("/x"))).isEqualTo("/x: Permission denied");
        assertThat(FailureLine.of(new FileSystemException("/x", null, "Is a directory")))
                .isEqualTo("/x: Is a directory");
    }

    @Test
    void whatTheHostWithholdsIsNamedWhereverItShows() {
        assertThat(FailureLine.of(new ExceptionInInitializerError(
                        new RuntimeException(new FileNotFoundException("/x.jar (Too many open files)")))))
                .isEqualTo("too many open files: raise the limit (ulimit -n): /x.jar (Too many open files)");
        assertThat(FailureLine.of(new SystemError("cannot create a Unix socket", Errno.EMFILE)))
                .startsWith("too many open files: raise the limit (ulimit -n): cannot create a Unix socket: EMFILE");
        assertThat(FailureLine.of(new CompletionException(new OutOfMemoryError("unable to create native thread: x"))))
                .startsWith("cannot start a thread: raise the limit of processes (ulimit -u)");
        assertThat(FailureLine.of(new OutOfMemoryError("Java heap space")))
                .isEqualTo("out of memory: OutOfMemoryError: Java heap space");
    }

    @Test
    void aLibraryThatCannotBeLoadedSaysWhatToDo() {
        assertThat(FailureLine.of(new UnsatisfiedLinkError("/t/jna.tmp: failed to map segment from shared object")))
                .isEqualTo("a native library cannot be loaded from " + System.getProperty("java.io.tmpdir")
                        + " (UnsatisfiedLinkError: /t/jna.tmp: failed to map segment from shared object): let"
                        + " VHOST4J_JVM_OPTIONS=-Djava.io.tmpdir=DIR name a directory that is writable and not mounted"
                        + " noexec, or unpack the libraries with tools/build");
        assertThat(FailureLine.of(new NoClassDefFoundError("Could not initialize class org.vhost4j.sys.LibC$C")))
                .startsWith("a native library cannot be loaded from ");
        assertThat(FailureLine.of(new NoClassDefFoundError("org/example/Other")))
                .isEqualTo("NoClassDefFoundError: org/example/Other");
    }

    @Test
    void aTerminalObeysNothingOfAMessage() {
        assertThat(FailureLine.of(new IOException("no \u001b[2J in 'f\u009b'")))
                .isEqualTo("no \\u001b[2J in 'f\\u009b'");
    }
}
