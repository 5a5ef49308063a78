// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A run of Maven with an initially empty local repository. Its remote repository is the local repository of the build
 * that runs this test, which has every plugin already, so no network is needed.
 */
final class MavenRun {
    private final Path directory;

    /**
     * Prepares.
     *
     * @param directory empty; the repository and the settings go there
     */
    MavenRun(Path directory) throws IOException {
        this.directory = directory;
        Files.writeString(directory.resolve("settings.xml"), """
                <settings>
                  <localRepository>%s</localRepository>
                  <mirrors>
                    <mirror>
                      <id>build</id>
                      <mirrorOf>*</mirrorOf>
                      <url>%s</url>
                    </mirror>
                  </mirrors>
                </settings>
                """.formatted(
                        directory.resolve("repository"),
                        Path.of(property("maven.repository")).toUri()));
    }

    /** The local repository, which need not exist yet. */
    Path repository() {
        return directory.resolve("repository");
    }

    /** What the build says of itself. */
    static String property(String name) {
        String value = System.getProperty("vhost4j." + name);
        if (value == null) {
            throw new IllegalStateException("this test runs in mvn verify, which sets vhost4j." + name);
        }
        return value;
    }

    /**
     * Runs Maven and expects success.
     *
     * @param project where the pom.xml is
     * @param goals of the project
     */
    void run(Path project, String... goals) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(property("maven.home"), "bin", "mvn").toString(),
                "-B",
                "-ntp",
                "-q",
                "-s",
                directory.resolve("settings.xml").toString(),
                "-f",
                project.toString()));
        command.addAll(List.of(goals));
        ProcessBuilder maven = new ProcessBuilder(command).redirectErrorStream(true);
        maven.environment().put("JAVA_HOME", System.getProperty("java.home"));
        maven.environment()
                .put(
                        "MAVEN_OPTS",
                        "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED"
                                + " --sun-misc-unsafe-memory-access=allow");
        output(maven, String.join(" ", command));
    }

    /** Runs a program, expects status 0, and returns what it printed. */
    static String output(ProcessBuilder program, String what) throws IOException, InterruptedException {
        Process process = program.redirectErrorStream(true).start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as("%s: %s", what, printed).isZero();
        return printed;
    }
}
