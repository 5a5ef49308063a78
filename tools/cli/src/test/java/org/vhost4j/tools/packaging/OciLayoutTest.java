// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * The layouts of images that {@code tools/package} makes. Its functions make small ones here, of each architecture. The system property
 * {@code vhost4j.oci} names a directory whose images are checked as well.
 */
class OciLayoutTest {
    private static final Path SCRIPT = Path.of("..", "packaging", "layout");
    private static final @Nullable String BUILT = System.getProperty("vhost4j.oci");
    private static final String JAVA = "usr/lib/vhost4j/runtime/bin/java";

    @TempDir
    private Path directory;

    /** e_machine of ELF by the names of Debian. */
    private static int machine(String architecture) {
        return architecture.equals("arm64") ? 183 : 62;
    }

    @TestFactory
    Stream<DynamicTest> layoutsAreWhatTheSpecificationAsksFor() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (String architecture : List.of("amd64", "arm64")) {
            tests.add(DynamicTest.dynamicTest(architecture, () -> check(make(architecture, "a"), architecture)));
        }
        if (BUILT != null) {
            try (Stream<Path> images = Files.list(Path.of(BUILT))) {
                for (Path image : images.filter(file -> file.toString().endsWith(".oci.tar"))
                        .toList()) {
                    String name = image.getFileName().toString();
                    tests.add(DynamicTest.dynamicTest(
                            name, () -> check(unpack(image), name.replaceFirst(".*-(\\w+)\\.oci\\.tar", "$1"))));
                }
            }
        }
        return tests.stream();
    }

    private static void check(Path layout, String architecture) throws IOException {
        OciLayout image = OciLayout.read(layout);
        assertThat(image.findings()).isEmpty();
        assertThat(image.config().path("architecture").asString()).isEqualTo(architecture);
        JsonNode settings = image.config().path("config");
        assertThat(settings.path("Entrypoint").valueStream().map(JsonNode::asString))
                .containsExactly("/usr/bin/vhost4j");
        // As root: a container gives capabilities, such as that for TAPs, to root alone.
        assertThat(settings.has("User")).isFalse();
        assertThat(settings.path("Labels").propertyNames())
                .containsExactlyInAnyOrder(
                        "org.opencontainers.image.title",
                        "org.opencontainers.image.version",
                        "org.opencontainers.image.licenses");
        assertThat(settings.at("/Labels/org.opencontainers.image.version").asString())
                .isEqualTo(image.reference())
                .isNotEmpty();
        assertThat(image.files())
                .containsKeys("usr/bin/vhost4j", "usr/bin/vhost4j-net", "usr/lib/vhost4j/tools/vhost4j", JAVA);
        ByteBuffer java = ByteBuffer.wrap(image.files().get(JAVA)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(java.getInt(0)).isEqualTo(0x464c457f);
        assertThat(java.getShort(18)).isEqualTo((short) machine(architecture));
    }

    @Test
    void twoRunsMakeTheSameBytes() throws IOException, InterruptedException {
        Path first = make("amd64", "a");
        Path second = make("amd64", "b");
        assertThat(names(first)).isEqualTo(names(second));
        assertThat(first.resolve("index.json")).hasSameBinaryContentAs(second.resolve("index.json"));
    }

    @Test
    void aChangedLayerIsFound() throws IOException, InterruptedException {
        Path layout = make("amd64", "a");
        try (Stream<Path> blobs = Files.list(layout.resolve("blobs/sha256"))) {
            for (Path blob : blobs.toList()) {
                byte[] content = Files.readAllBytes(blob);
                // The operating system in a gzip header: only a digest tells.
                if (content[0] == 0x1f) {
                    content[9] ^= 1;
                    Files.write(blob, content);
                }
            }
        }
        assertThat(OciLayout.read(layout).findings())
                .hasSize(2)
                .allMatch(finding -> finding.contains("expected sha256:"));
    }

    private static List<String> names(Path layout) throws IOException {
        try (Stream<Path> blobs = Files.list(layout.resolve("blobs/sha256"))) {
            return blobs.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    /** A layout of Debian's programs and ours, by the functions of {@code tools/package}. */
    private Path make(String architecture, String name) throws IOException, InterruptedException {
        Path work = Files.createDirectories(directory.resolve(name + architecture));
        Path base = work.resolve("base");
        Files.createDirectories(base.resolve("tmp"));
        Path root = work.resolve("root");
        Files.createDirectories(root.resolve(JAVA).getParent());
        Files.createDirectories(root.resolve("usr/lib/vhost4j/tools"));
        Files.createDirectories(root.resolve("usr/bin"));
        Files.writeString(base.resolve("base"), "Debian");
        byte[] program = Arrays.copyOf("\177ELF".getBytes(StandardCharsets.US_ASCII), 64);
        program[18] = (byte) machine(architecture);
        Files.write(root.resolve(JAVA), program);
        Files.writeString(root.resolve("usr/lib/vhost4j/tools/vhost4j"), "#!/bin/sh\n");
        // A name that does not fit into the header of an archive.
        Files.writeString(root.resolve("usr/lib/vhost4j").resolve("n".repeat(150)), "");
        Files.createSymbolicLink(root.resolve("usr/bin/vhost4j"), Path.of("../lib/vhost4j/tools/vhost4j"));
        Files.createSymbolicLink(root.resolve("usr/bin/vhost4j-net"), Path.of("../lib/vhost4j/tools/vhost4j-net"));
        run(
                "bash",
                "-euc",
                "export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=1800000000; umask 022; work=$1; . \"$2\"; "
                        + "oci_layout \"$3\" 1.2.3 \"$1/layout\" \"$1/base\" \"$1/root\"",
                "bash",
                work.toString(),
                SCRIPT.toString(),
                architecture);
        return work.resolve("layout");
    }

    private Path unpack(Path image) throws IOException, InterruptedException {
        Path layout = Files.createDirectories(directory.resolve(image.getFileName()));
        run("tar", "-xf", image.toString(), "-C", layout.toString());
        return layout;
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
    }
}
