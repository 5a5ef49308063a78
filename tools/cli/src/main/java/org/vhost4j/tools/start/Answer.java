// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The answer to {@code vhost4j-qemu.c}: its actions as pairs of a keyword and a value. */
final class Answer {
    private final StringBuilder words = new StringBuilder();

    Answer() {
        words.append(Question.MAGIC).append('\0');
    }

    /** Adds any keyword that {@code vhost4j-qemu.c} or {@code monitors.h} lists. */
    Answer add(String keyword, String value) {
        if (value.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(keyword + " with a NUL in its value");
        }
        words.append(keyword).append('\0').append(value).append('\0');
        return this;
    }

    /** Prints a text and ends with status 0. */
    static Answer printing(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return new Answer()
                .add("print", new String(bytes, StandardCharsets.ISO_8859_1))
                .add("exit", "0");
    }

    /**
     * Creates an answer that makes the process become another program.
     *
     * @param program path of the program
     * @param arguments arguments of the program, without its name
     */
    Answer becoming(String program, List<String> arguments) {
        add("argument", program);
        arguments.forEach(argument -> add("argument", argument));
        return add("exec", program);
    }

    /** Writes the answer, with its terminator. */
    void write(OutputStream out) throws IOException {
        add("end", "");
        out.write(words.toString().getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
    }
}
