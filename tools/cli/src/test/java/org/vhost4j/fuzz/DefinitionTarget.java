// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.vhost4j.platform.definition.DefinitionProblem;
import org.vhost4j.platform.definition.PlatformCatalog;

/** Fuzz target: a definition file. The first byte selects a platform or machines, the rest is the text. */
final class DefinitionTarget implements FuzzTarget {
    private final Path directory;
    private final Path file;

    DefinitionTarget() {
        try {
            Path memory = Path.of("/dev/shm");
            directory = Files.isWritable(memory)
                    ? Files.createTempDirectory(memory, "vhost4j-fuzz")
                    : Files.createTempDirectory("vhost4j-fuzz");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        file = directory.resolve("99-fuzz.json");
    }

    @Override
    public String name() {
        return "definition";
    }

    @Override
    public List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>();
        String platform = """
            {"name": "acme-1", "title": "A platform of our own", "line": "acme", "released": "2026-01-01",
             "parent": "linux-6.17", "aliases": ["acme"], "evidence": [{"of": ["*"], "source": "probed"}],
             "set": {"host_ufo": "off"}}
            """;
        String machine = """
            {"machines": [{"name": "acme-m", "parent": "pc-q35-10.0", "set": {"mrg_rxbuf": "off"}}]}
            """;
        seeds.add(seed(0, platform));
        seeds.add(seed(1, machine));
        shipped("platforms", 0, seeds);
        shipped("machines", 1, seeds);
        seeds.add(seed(0, PlatformCatalog.platformSchema()));
        return seeds;
    }

    private static byte[] seed(int kind, String text) {
        return new ByteList()
                .u8(kind)
                .all(text.getBytes(StandardCharsets.UTF_8))
                .bytes();
    }

    /** The newest that come with the program. */
    private static void shipped(String kind, int number, List<byte[]> seeds) {
        String folder = "/org/vhost4j/platform/definition/" + kind + "/";
        try (var index = PlatformCatalog.class.getResourceAsStream(folder + "index.txt")) {
            List<String> names = new String(index.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
            for (String name : names.subList(Math.max(0, names.size() - 3), names.size())) {
                try (var text = PlatformCatalog.class.getResourceAsStream(folder + name)) {
                    seeds.add(seed(number, new String(text.readAllBytes(), StandardCharsets.UTF_8)));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void run(byte[] bytes) throws IOException {
        if (bytes.length == 0) {
            return;
        }
        Files.write(file, Arrays.copyOfRange(bytes, 1, bytes.length));
        List<DefinitionProblem> problems = (bytes[0] & 1) == 0
                ? PlatformCatalog.validate(file, List.of())
                : PlatformCatalog.validateMachines(file, List.of());
        for (DefinitionProblem problem : problems) {
            FuzzTarget.requireLine(problem.toString());
        }
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(file);
            Files.delete(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
