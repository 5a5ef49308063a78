// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code vhost4j qemu-answer}: the other half of {@code vhost4j qemu}, for {@code vhost4j-qemu.c} alone. */
@Command(
        name = "qemu-answer",
        hidden = true,
        description = "Checks the QEMU command line on standard input, and answers what to do.")
public final class QemuAnswerCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /** For picocli. */
    public QemuAnswerCommand() {}

    @Override
    public Integer call() throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        Question question = Question.read(System.in);
        Answer answer = new QemuStart(System.getenv(), err).answer(question);
        err.flush();
        OutputStream out = new FileOutputStream(FileDescriptor.out);
        answer.write(out);
        return 0;
    }
}
