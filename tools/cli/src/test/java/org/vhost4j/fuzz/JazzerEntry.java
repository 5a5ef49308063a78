// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The class that Jazzer calls; {@code tools/fuzz} starts it. The property {@code vhost4j.fuzz.target} names the target.
 * {@code vhost4j.fuzz.last} names a file that always has the input of the current run: after a SIGSEGV it is the input
 * that caused it.
 */
public final class JazzerEntry {
    private static final int MOST_BYTES = 1 << 20;

    private static @Nullable FuzzTarget target;
    private static @Nullable MappedByteBuffer last;

    private JazzerEntry() {}

    /**
     * Called before the first run.
     *
     * @throws IOException when the file of the last input cannot be mapped
     */
    public static void fuzzerInitialize() throws IOException {
        target = FuzzTargets.of(System.getProperty("vhost4j.fuzz.target", ""));
        String file = System.getProperty("vhost4j.fuzz.last");
        if (file != null) {
            try (RandomAccessFile open = new RandomAccessFile(file, "rw")) {
                last = open.getChannel().map(FileChannel.MapMode.READ_WRITE, 0, MOST_BYTES);
            }
        }
    }

    /**
     * Executes one run.
     *
     * @param bytes input from the fuzzer
     * @throws Exception a finding
     */
    public static void fuzzerTestOneInput(byte[] bytes) throws Exception {
        MappedByteBuffer keep = last;
        if (keep != null && bytes.length < MOST_BYTES - Integer.BYTES) {
            keep.putInt(0, bytes.length).put(Integer.BYTES, bytes);
        }
        FuzzTarget chosen = target;
        if (chosen == null) {
            throw new IllegalStateException("fuzzerInitialize was not called");
        }
        chosen.run(bytes);
    }

    /**
     * Prepares and ends a long run.
     *
     * @param arguments {@code targets}; {@code unpack TARGET DIRECTORY}; {@code pack DIRECTORY}; {@code run TARGET FILE…}
     * @throws Exception when a file cannot be read or written, or a finding of {@code run}
     */
    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "targets" -> FuzzTargets.names().forEach(System.out::println);
            case "unpack" -> Corpus.unpack(FuzzTargets.of(arguments[1]), Path.of(arguments[2]));
            case "pack" -> Corpus.pack(Path.of(arguments[1])).forEach(System.out::println);
            case "run" -> {
                try (FuzzTarget chosen = FuzzTargets.of(arguments[1])) {
                    for (String file : List.of(arguments).subList(2, arguments.length)) {
                        chosen.run(Files.readAllBytes(Path.of(file)));
                    }
                }
            }
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }
}
