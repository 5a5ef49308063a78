// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.tools.launcher.FakeCheckout.Ended;

/** Tests which JDK the scripts choose, of the one in JAVA_HOME and those in {@code /usr/lib/jvm}. */
final class JavaChoiceTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    @ParameterizedTest(name = "JAVA_HOME {0}, installed {1}: {2}")
    @CsvSource(
            delimiter = '|',
            value = {
                "25.0.3 | 25.0.5                | JAVA_HOME",
                "26.0.2 | 25.0.5                | JAVA_HOME",
                "28-ea  |                       | JAVA_HOME",
                "17.0.1 | 17.0.1 25.0.3 26.0.2  | 25.0.3",
                "       | 24 25 27              | 25",
                "       | 27 26                 | 26",
                "       | 17 100 26.0.2.1       | 26.0.2.1",
            })
    void taken(@Nullable String home, @Nullable String installed, String taken) throws Exception {
        Ended ended = choose(home, installed);
        assertThat(ended.err()).isEmpty();
        assertThat(ended.out())
                .containsExactly(directory
                        .resolve(taken.equals("JAVA_HOME") ? "home" : "jvm/" + taken)
                        .toString());
    }

    @ParameterizedTest(name = "JAVA_HOME {0}, installed {1}: {2}")
    @CsvSource(
            delimiter = '|',
            value = {
                "       |       | none",
                "24.0.1 |       | 24 in JAVA_HOME",
                "17.0.1 | 17 21 | 17 in JAVA_HOME, 17 in {jvm}/17, 21 in {jvm}/21",
            })
    void noneIsNewEnough(@Nullable String home, @Nullable String installed, String found) throws Exception {
        Ended ended = choose(home, installed);
        assertThat(ended.status()).isEqualTo(2);
        assertThat(ended.out()).isEmpty();
        String jvm = directory.resolve("jvm").toString();
        assertThat(ended.err())
                .containsExactly("vhost4j: needs a JDK 25 or newer in JAVA_HOME or " + jvm + "; found: "
                        + found.replace("{jvm}", jvm));
    }

    @Test
    void aRuntimeWithoutACompilerIsNotOne() throws Exception {
        jdk(directory.resolve("jvm/25"), "25");
        Files.delete(directory.resolve("jvm/25/bin/javac"));
        assertThat(choose(null, "26").out())
                .containsExactly(directory.resolve("jvm/26").toString());
    }

    @Test
    void oneInTheCacheIsTaken() throws Exception {
        Path brought = directory.resolve("cache/java/usr/lib/jvm/java-25-openjdk-amd64");
        jdk(brought, "25.0.5");
        assertThat(choose(null, "17").out()).containsExactly(brought.toString());
    }

    @Test
    void whereThereIsNoneOneIsBrought() throws Exception {
        FakeCheckout.program(directory.resolve("bring-java"), """
            #!/bin/sh
            mkdir -p "$VHOST4J_CACHE/java/usr/lib/jvm/25/bin"
            cp -a "${0%/*}/jvm/17/bin/javac" "$VHOST4J_CACHE/java/usr/lib/jvm/25/bin/"
            echo 'JAVA_VERSION="25"' >"$VHOST4J_CACHE/java/usr/lib/jvm/25/release"
            """);
        assertThat(choose(null, "17").out())
                .containsExactly(directory.resolve("cache/java/usr/lib/jvm/25").toString());
    }

    @Test
    void noneIsBroughtTwice() throws Exception {
        FakeCheckout.program(directory.resolve("bring-java"), "#!/bin/sh\necho asked\n");
        Ended ended = choose(null, "17");
        assertThat(ended.status()).isEqualTo(2);
        assertThat(ended.out()).containsExactly("asked");
    }

    /** Sources {@code java25}, with these JDKs on a host that has no others. */
    private Ended choose(@Nullable String home, @Nullable String installed) throws Exception {
        Path jvm = directory.resolve("jvm");
        Path script = directory.resolve("java25");
        Files.writeString(
                script, Files.readString(Path.of("..", "java25")).replaceAll("(?<!java)/usr/lib/jvm", jvm.toString()));
        ProcessBuilder builder =
                new ProcessBuilder("bash", "-c", "set -euo pipefail; . \"$0\"; echo \"$JAVA_HOME\"", script.toString());
        builder.environment().remove("JAVA_HOME");
        builder.environment().put("VHOST4J_CACHE", directory.resolve("cache").toString());
        if (home != null) {
            jdk(directory.resolve("home"), home);
            builder.environment().put("JAVA_HOME", directory.resolve("home").toString());
        }
        if (installed != null) {
            for (String version : installed.split(" ", -1)) {
                jdk(jvm.resolve(version), version);
            }
        }
        return FakeCheckout.end(builder.start());
    }

    private static void jdk(Path home, String version) throws IOException {
        FakeCheckout.program(home.resolve("bin/javac"), "#!/bin/sh\n");
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"Test\"\nJAVA_VERSION=\"" + version + "\"\n");
    }
}
