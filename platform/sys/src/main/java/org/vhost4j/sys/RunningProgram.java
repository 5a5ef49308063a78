// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.util.function.Consumer;

/** A program in a separate process, whose standard error is a pipe to this process. */
public interface RunningProgram {
    /**
     * Returns the program's process ID.
     *
     * @return the process ID, which the kernel may reuse after {@link #awaitEnd}
     */
    int pid();

    /** Kills the program, unless it has ended. Any thread may call it. */
    void kill();

    /**
     * Waits until the program closes its standard error, which also happens when it ends; then kills it if it still runs.
     *
     * @param lines receives the first 512 bytes of each line that the program writes to its standard error
     * @return how it ended, such as {@code with status 1} or {@code by signal 9}; empty when only its parent can find out
     */
    String awaitEnd(Consumer<String> lines);

    /**
     * Returns the reading end of the program's standard error, which may be handed over to another process.
     *
     * @return the descriptor, still owned by this object
     */
    Fd errors();

    /**
     * Returns a descriptor of the process (pidfd_open(2)), by which processes other than its parent can kill it and
     * detect its end.
     *
     * @return the descriptor, still owned by this object
     * @throws SystemError ESRCH when the process has ended and was reaped; ENOSYS when the kernel does not support pidfds
     */
    Fd handle();
}
