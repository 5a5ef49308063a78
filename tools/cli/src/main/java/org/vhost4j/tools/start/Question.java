// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The command line to check.
 *
 * @param qemu path of the QEMU that was named or configured; empty for none
 * @param name name by which the program was started, which may be that of a QEMU
 * @param arguments arguments of QEMU, without its name
 */
record Question(Optional<String> qemu, String name, List<String> arguments) {
    /** The first bytes in both directions. */
    static final String MAGIC = "vhost4j-qemu 1";

    private static final int WORDS_BEFORE_ARGUMENTS = 3;

    Question {
        arguments = List.copyOf(arguments);
    }

    /**
     * Reads a command line as {@code vhost4j-qemu.c} writes it.
     *
     * @param in stream of words, each terminated by a NUL byte; read to its end
     * @return the command line
     * @throws IOException when the input has another format, or cannot be read
     */
    static Question read(InputStream in) throws IOException {
        List<String> words = new ArrayList<>();
        String text = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        int from = 0;
        for (int nul = text.indexOf('\0'); nul >= 0; nul = text.indexOf('\0', from)) {
            words.add(text.substring(from, nul));
            from = nul + 1;
        }
        if (words.size() < WORDS_BEFORE_ARGUMENTS || !words.getFirst().equals(MAGIC)) {
            throw new IOException("standard input holds no command line of vhost4j-qemu: start 'vhost4j qemu'");
        }
        return new Question(
                Optional.of(words.get(1)).filter(path -> !path.isEmpty()),
                words.get(2),
                words.subList(WORDS_BEFORE_ARGUMENTS, words.size()));
    }
}
