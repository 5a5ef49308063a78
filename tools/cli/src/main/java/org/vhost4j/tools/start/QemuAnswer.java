// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;

/**
 * The command {@code vhost4j qemu-answer}, the Java part of {@code vhost4j qemu}, which only {@code vhost4j-qemu.c}
 * uses. It has no options, and does not use picocli, which would take longer to start than all of its work.
 */
public final class QemuAnswer {
    /** The command's name. */
    public static final String NAME = "qemu-answer";

    private QemuAnswer() {}

    /**
     * Checks the command line on standard input, and writes the decision to standard output.
     *
     * @param err receives lines for the user
     * @return the exit status
     * @throws IOException when the input is not a command line, or the answer cannot be written
     * @throws org.vhost4j.tools.common.UnsupportedOption when QEMU must not be started; the message is one line for the user
     */
    public static int run(PrintWriter err) throws IOException {
        Question question = Question.read(System.in);
        Answer answer = new QemuStart(System.getenv(), err).answer(question);
        err.flush();
        OutputStream out = new FileOutputStream(FileDescriptor.out);
        answer.write(out);
        return 0;
    }
}
