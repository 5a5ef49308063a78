// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** Reads the standard error of a program line by line. */
final class ErrorLines {
    private static final int LINE_BYTES = 512;

    private ErrorLines() {}

    /** Reads a pipe to its end, and passes on the first {@value #LINE_BYTES} bytes of each line. */
    static void read(Fd pipe, Consumer<String> lines) {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(LINE_BYTES);
            while (true) {
                int count = LibC.read(pipe.number(), bytes.address(), LINE_BYTES);
                if (count <= 0 && count != -Errno.EINTR) {
                    break;
                }
                for (int i = 0; i < count; i++) {
                    byte each = bytes.get(ValueLayout.JAVA_BYTE, i);
                    if (each == '\n') {
                        give(line, lines);
                    } else if (line.size() < LINE_BYTES) {
                        line.write(each);
                    }
                }
            }
        }
        give(line, lines);
    }

    private static void give(ByteArrayOutputStream line, Consumer<String> lines) {
        String text = line.toString(StandardCharsets.UTF_8).strip();
        line.reset();
        if (!text.isEmpty()) {
            lines.accept(text);
        }
    }
}
