// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.tools.launcher.FakeCheckout.Ended;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Tests when {@code tools/vhost4j} builds the archive, and which archive it runs. */
final class LauncherTest {
    private static final String DEVICE = "device-model/src/main/java/Device.java";
    private static final String HOST = "platform/sys/src/main/java/Host.java";
    private static final String DEFINITION = "platform/definition/src/main/resources/definition.json";

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    @SuppressWarnings("NullAway.Init")
    private FakeCheckout checkout;

    /** A change of a file by a user or git. */
    @FunctionalInterface
    private interface Change {
        void make() throws IOException;
    }

    @BeforeEach
    void writeSources() throws IOException {
        checkout = new FakeCheckout(directory);
        checkout.write(DEVICE, "device 1");
        checkout.write(HOST, "host 1");
        checkout.write(DEFINITION, "definition 1");
        checkout.write("device-model/src/test/java/DeviceTest.java", "test 1");
        checkout.write("docs/page.md", "page 1");
    }

    @Test
    void aPackageHasItsOwnRuntimeAndBuildsNothing() throws Exception {
        FakeCheckout.program(checkout.file("runtime/bin/java"), "#!/bin/sh\necho packaged\n");
        Files.delete(checkout.file("pom.xml"));
        checkout.write("tools/target/vhost4j.jar", "archive");
        Ended ended = checkout.run("vhost4j", "help");
        assertThat(ended.out()).containsExactly("packaged");
        assertThat(checkout.builds()).isZero();
    }

    @Test
    void withoutAnArchiveItBuilds() throws Exception {
        Ended first = checkout.run("vhost4j", "run", "--queues", "2");
        assertThat(first.status()).isZero();
        assertThat(first.err()).containsExactly(FakeCheckout.BUILDING);
        assertThat(first.program()).isEqualTo("device 1");
        assertThat(first.out()).endsWith("run", "--queues", "2");
        // The archive with what belongs to it.
        assertThat(first.out())
                .containsSequence("-jar", first.beside("vhost4j.jar").toString());
        Path libraries = first.beside("native");
        assertThat(first.argument("-Djna.boot.library.path=")).isEqualTo(libraries.toString());
        assertThat(libraries).isDirectoryContaining("glob:**/libjnidispatch.so");
    }

    @Test
    void theBackEndProgramIsRun() throws Exception {
        Ended ended = checkout.run("vhost4j-net", "--socket-path=/a.sock", "--queues=2");
        assertThat(ended.status()).isZero();
        assertThat(ended.out()).endsWith("run", "--socket-path=/a.sock", "--queues=2");
    }

    @Test
    void capabilitiesArePrintedWithoutAJvmWhateverElseIsGiven() throws Exception {
        Ended ended = checkout.run("vhost4j-net", "--nothing", "--fd=7", "--print-capabilities", "word");
        assertThat(ended.status()).isZero();
        assertThat(ended.out()).containsExactly("{\"type\": \"net\"}");
        assertThat(ended.err()).isEmpty();
        assertThat(checkout.builds()).isZero();
    }

    /** The members that docs/interop/vhost-user.json has for every type. */
    @Test
    void theDescriptorIsThatOfTheProgram() throws Exception {
        JsonNode descriptor = new ObjectMapper().readTree(Files.readString(Path.of("..", "50-vhost4j-net.json")));
        assertThat(descriptor.propertyNames()).containsExactlyInAnyOrder("description", "type", "binary");
        assertThat(descriptor.path("type").asString()).isEqualTo("net");
        Path binary = Path.of(descriptor.path("binary").asString());
        assertThat(binary).isAbsolute();
        assertThat(Path.of("..").resolve(binary.getFileName())).isExecutable();
    }

    @Test
    void everyChangeOfASourceIsBuilt() throws Exception {
        // So many that a pipe does not hold the list of them.
        for (int i = 0; i < 600; i++) {
            checkout.write("vhost-user/backend/src/main/resources/many/" + i, "resource " + i);
        }
        checkout.run("vhost4j");
        Map<String, Change> changes = new LinkedHashMap<>();
        changes.put("changed", () -> checkout.write(DEVICE, "device two"));
        changes.put("changed without a change of size", () -> checkout.write(DEVICE, "device 222"));
        changes.put("replaced by an older file", () -> {
            FileTime old = FileTime.from(Instant.EPOCH);
            Files.setLastModifiedTime(Files.writeString(checkout.file("older"), "device 0\n"), old);
            Files.move(checkout.file("older"), checkout.file(DEVICE), StandardCopyOption.REPLACE_EXISTING);
        });
        changes.put("changed behind an unchanged time", () -> {
            FileTime time = Files.getLastModifiedTime(checkout.file(DEVICE));
            checkout.write(DEVICE, "device 9");
            Files.setLastModifiedTime(checkout.file(DEVICE), time);
        });
        changes.put("a source of a sub-module", () -> checkout.write(HOST, "host 2"));
        changes.put("a resource", () -> checkout.write(DEFINITION, "definition 2"));
        changes.put("another source", () -> checkout.write("vhost-user/wire/src/main/java/Wire.java", "wire 1"));
        changes.put("moved", () -> {
            Files.createDirectories(checkout.file("vhost-user/backend/src/main/java"));
            Files.move(
                    checkout.file("vhost-user/wire/src/main/java/Wire.java"),
                    checkout.file("vhost-user/backend/src/main/java/Wire.java"));
        });
        changes.put("deleted", () -> Files.delete(checkout.file(DEFINITION)));
        changes.put("the root pom.xml", () -> checkout.write("pom.xml", "<project>2</project>"));
        changes.put("the pom.xml of a sub-module", () -> checkout.write("platform/sys/pom.xml", "<project/>"));
        changes.put(
                "the build",
                () -> Files.writeString(
                        checkout.file("tools/build"), Files.readString(checkout.file("tools/build")) + "# changed\n"));
        int builds = 1;
        for (Map.Entry<String, Change> change : changes.entrySet()) {
            change.getValue().make();
            Ended ended = checkout.run("vhost4j");
            assertThat(ended.err()).as(change.getKey()).containsExactly(FakeCheckout.BUILDING_AGAIN);
            assertThat(checkout.builds()).as(change.getKey()).isEqualTo(++builds);
            assertThat(ended.out()).as(change.getKey()).startsWith(sources());
        }
    }

    /** What the sources say, in the order of their names. */
    private String[] sources() throws IOException {
        List<String> lines = new ArrayList<>();
        try (Stream<Path> files = Files.walk(checkout.file(""))) {
            for (Path file : files.filter(file -> file.toString().contains("/src/main/"))
                    .filter(Files::isRegularFile)
                    .sorted()
                    .toList()) {
                lines.add(Files.readString(file).strip());
            }
        }
        return lines.toArray(String[]::new);
    }

    @Test
    void nothingElseIsBuilt() throws Exception {
        checkout.run("vhost4j");
        FileTime old = FileTime.from(Instant.EPOCH);
        Map<String, Change> changes = new LinkedHashMap<>();
        changes.put("nothing", () -> {});
        changes.put("touched", () -> Files.setLastModifiedTime(checkout.file(DEVICE), old));
        changes.put("changed and back", () -> {
            checkout.write(DEVICE, "device 2");
            checkout.write(DEVICE, "device 1");
        });
        changes.put("a test", () -> {
            checkout.write("device-model/src/test/java/DeviceTest.java", "test 2");
            checkout.write("device-model/src/test/resources/pom.xml", "<project/>");
        });
        changes.put("a page", () -> checkout.write("docs/page.md", "page 2"));
        changes.put("what was built", () -> checkout.write("device-model/target/src/main/Device.class", "class 2"));
        changes.put("an editor's files", () -> {
            checkout.write("device-model/src/main/java/.Device.java.swp", "device 2");
            checkout.write("device-model/src/main/java/Device.java~", "device 0");
        });
        for (Map.Entry<String, Change> change : changes.entrySet()) {
            change.getValue().make();
            Ended ended = checkout.run("vhost4j");
            assertThat(ended.err()).as(change.getKey()).isEmpty();
            assertThat(ended.program()).as(change.getKey()).isEqualTo("device 1");
        }
        assertThat(checkout.run("build").status()).isZero();
        assertThat(checkout.builds()).isEqualTo(1);
    }

    @Test
    void twoStartsAtOnceBuildOnce() throws Exception {
        checkout.run("vhost4j");
        checkout.write(DEVICE, "device 2");
        checkout.closeGate();
        Process first = checkout.start("vhost4j");
        try (BufferedReader firstSays = first.errorReader()) {
            assertThat(firstSays.readLine()).isEqualTo(FakeCheckout.BUILDING_AGAIN);
            Process second = checkout.start("vhost4j");
            try (BufferedReader secondSays = second.errorReader()) {
                assertThat(secondSays.readLine()).isEqualTo("vhost4j: waiting for a running build");
                checkout.openGate();
                assertThat(FakeCheckout.end(first).program()).isEqualTo("device 2");
                assertThat(FakeCheckout.end(second).program()).isEqualTo("device 2");
            } finally {
                second.destroy();
            }
        } finally {
            first.destroy();
        }
        assertThat(checkout.builds()).isEqualTo(2);
    }

    @Test
    void aBuildThatFailsRunsNothing() throws Exception {
        checkout.run("vhost4j");
        checkout.write(DEVICE, "broken");
        for (int builds = 2; builds <= 3; builds++) {
            Ended ended = checkout.run("vhost4j");
            assertThat(ended.status()).isEqualTo(1);
            assertThat(ended.out()).isEmpty();
            Path log = checkout.file("tools/target/build.log").toRealPath();
            assertThat(ended.err())
                    .containsExactly(FakeCheckout.BUILDING_AGAIN, "vhost4j: the build failed: see " + log);
            assertThat(log).content().contains("[ERROR] another thing");
            assertThat(checkout.builds()).isEqualTo(builds);
        }
        // Back to the sources of the archive, which is still there.
        checkout.write(DEVICE, "device 1");
        Ended ended = checkout.run("vhost4j");
        assertThat(ended.status()).isZero();
        assertThat(ended.program()).isEqualTo("device 1");
        assertThat(checkout.builds()).isEqualTo(3);
    }

    @Test
    void aBackEndKeepsItsFilesWhileAnotherIsBuilt() throws Exception {
        Ended first = checkout.run("vhost4j");
        // As a build leaves it that was killed.
        checkout.write("tools/target/archive.killed/vhost4j.jar", "half");
        for (int version = 2; version <= 3; version++) {
            checkout.write(DEVICE, "device " + version);
            assertThat(checkout.run("vhost4j").program()).isEqualTo("device " + version);
            assertThat(first.beside("vhost4j.jar")).content().startsWith("device 1\n");
            assertThat(first.beside("vhost4j.aot")).exists();
        }
        assertThat(checkout.file("tools/target/archive.killed")).doesNotExist();
        checkout.write(DEVICE, "device 4");
        checkout.run("vhost4j");
        assertThat(first.beside("vhost4j.jar")).doesNotExist();
    }

    @Test
    void classesOfAnotherTimeDoNotReachTheArchive() throws Exception {
        checkout.run("vhost4j");
        checkout.write("device-model/target/classes/Gone.class", "class");
        checkout.write("platform/sys/target/classes/Host.class", "class");
        checkout.write(DEVICE, "device 2");
        checkout.run("vhost4j");
        assertThat(checkout.file("device-model/target/classes")).doesNotExist();
        assertThat(checkout.file("platform/sys/target/classes/Host.class")).exists();
        checkout.write("platform/pom.xml", "<project/>");
        checkout.run("vhost4j");
        assertThat(checkout.file("platform/sys/target/classes")).doesNotExist();
    }

    @Test
    void anArchiveWithoutSourcesIsRun() throws Exception {
        Files.delete(checkout.file("pom.xml"));
        Ended without = checkout.run("vhost4j");
        assertThat(without.status()).isEqualTo(1);
        Path archive = checkout.file("").toRealPath().resolve("tools/target/vhost4j.jar");
        assertThat(without.err())
                .containsExactly("vhost4j: there is no " + archive + ", and no sources beside it to build it from");
        checkout.write("tools/target/vhost4j.jar", "installed");
        Ended ended = checkout.run("vhost4j");
        assertThat(ended.status()).isZero();
        assertThat(ended.err()).isEmpty();
        assertThat(ended.program()).isEqualTo("installed");
        assertThat(checkout.builds()).isZero();
    }

    @Test
    void whatTheJvmCannotStartWithIsOneLine() throws Exception {
        checkout.run("vhost4j");
        Ended space = checkout.runAfter("ulimit -v 2399999", "vhost4j", "run");
        assertThat(space.status()).isEqualTo(1);
        assertThat(space.out()).isEmpty();
        assertThat(space.err())
                .containsExactly("vhost4j: an address space of 2399999 KiB is too small: the JVM takes 2400000: raise"
                        + " the limit (ulimit -v)");
        assertThat(checkout.runAfter("ulimit -v 2400000", "vhost4j", "run").status())
                .isZero();
        Ended gone = checkout.runAfter("cd \"$(mktemp -d -p " + directory + ")\" && rmdir \"$PWD\"", "vhost4j", "run");
        assertThat(gone.status()).isEqualTo(1);
        // Bash itself complains first.
        assertThat(gone.err()).endsWith("vhost4j: the working directory is gone: change to one that exists");
    }

    /** Root has no limit of threads, and an ordinary user no way to the tree; so the script is read, as that user, from its input. */
    @Test
    void tooFewThreadsForTheJvmAreOneLine() throws Exception {
        ProcessBuilder builder = new ProcessBuilder(
                "setpriv",
                "--reuid=65532",
                "--regid=65532",
                "--clear-groups",
                "prlimit",
                "--nproc=16:16",
                "bash",
                "-s");
        builder.redirectInput(checkout.file("tools/vhost4j").toFile())
                .directory(Path.of("/").toFile());
        Ended ended = FakeCheckout.end(builder.start());
        assertThat(ended.status()).isEqualTo(1);
        assertThat(ended.out()).isEmpty();
        assertThat(ended.err()).hasSize(1);
        assertThat(ended.err().getFirst())
                .matches(
                        "vhost4j: [1-9] of 16 threads of this user run: the JVM takes 16: raise the limit .ulimit -u.");
    }
}
