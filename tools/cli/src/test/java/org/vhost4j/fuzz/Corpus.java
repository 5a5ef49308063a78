// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;

/**
 * The inputs that are stored in the source tree: {@code fuzz/TARGET.txt} in the test resources has one per line, in
 * Base64. They were selected by coverage in long runs, or were findings.
 */
final class Corpus {
    private static final int MOST_CHARACTERS = 48 << 10;

    private Corpus() {}

    /** The inputs of a target that are kept; none when it has no file. */
    static List<byte[]> of(String target) {
        try (InputStream in = Corpus.class.getResourceAsStream("/fuzz/" + target + ".txt")) {
            if (in == null) {
                return List.of();
            }
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .map(Base64.getDecoder()::decode)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Seeds and kept inputs. */
    static List<byte[]> whole(FuzzTarget target) {
        List<byte[]> all = new ArrayList<>(target.seeds());
        all.addAll(of(target.name()));
        return all;
    }

    /** Writes them as the fuzzer wants them: a file each. */
    static void unpack(FuzzTarget target, Path directory) throws IOException {
        Files.createDirectories(directory);
        int number = 0;
        for (byte[] input : whole(target)) {
            Files.write(directory.resolve("seed-%04d".formatted(number++)), input);
        }
    }

    /** Lines of Base64 of what a fuzzer has chosen, the shortest first, as far as a file in the tree should be long. */
    static List<String> pack(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            List<byte[]> inputs = new ArrayList<>();
            for (Path file : files.sorted().toList()) {
                inputs.add(Files.readAllBytes(file));
            }
            inputs.sort((a, b) -> Integer.compare(a.length, b.length));
            List<String> lines = new ArrayList<>();
            int characters = 0;
            for (byte[] input : inputs) {
                String line = Base64.getEncoder().encodeToString(input);
                characters += line.length() + 1;
                if (characters > MOST_CHARACTERS) {
                    break;
                }
                lines.add(line);
            }
            return lines;
        }
    }
}
