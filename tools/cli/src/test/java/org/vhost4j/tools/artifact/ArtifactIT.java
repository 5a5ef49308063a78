// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.tools.endtoend.TestBackEnd;

/**
 * Another project uses the front-end library and the conformance suite: from an empty local repository into which they were installed, each is the only
 * dependency of a project outside this one, whose code is that of {@code docs/harness.md}.
 */
@Timeout(300)
class ArtifactIT {
    private static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();

    private static final List<String> FRONT_END = List.of(
            "net.java.dev.jna:jna",
            "org.vhost4j:vhost4j-device-model",
            "org.vhost4j:vhost4j-front-end",
            "org.vhost4j:vhost4j-sys",
            "org.vhost4j:vhost4j-vhost-user-wire");

    @TempDir
    private static Path directory;

    private static MavenRun maven;

    /** Puts what the build has installed into the empty repository, and nothing that it did not make itself. */
    @BeforeAll
    static void install() throws IOException {
        maven = new MavenRun(directory);
        Path installed = Path.of(MavenRun.property("installed"), "org", "vhost4j");
        try (Stream<Path> files = Files.walk(installed)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = maven.repository().resolve("org/vhost4j").resolve(installed.relativize(file));
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
            }
        }
    }

    /** A project with one dependency, without sources yet; its plugins are those of our build, which are in its repository. */
    private static Path project(String name, String dependency) throws IOException {
        StringBuilder plugins = new StringBuilder();
        for (String plugin : List.of("compiler", "resources", "dependency")) {
            plugins.append("""
                    <plugin>
                      <groupId>org.apache.maven.plugins</groupId>
                      <artifactId>maven-%s-plugin</artifactId>
                      <version>%s</version>
                    </plugin>
                    """.formatted(plugin, MavenRun.property("plugin." + plugin)));
        }
        Path project = Files.createDirectories(directory.resolve(name));
        Files.createDirectories(project.resolve("src/main/java"));
        Files.writeString(project.resolve("pom.xml"), """
                <project xmlns="http://maven.apache.org/POM/4.0.0">
                  <modelVersion>4.0.0</modelVersion>
                  <groupId>org.example</groupId>
                  <artifactId>%s</artifactId>
                  <version>1</version>
                  <properties>
                    <maven.compiler.release>25</maven.compiler.release>
                    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
                  </properties>
                  <dependencies>
                %s
                  </dependencies>
                  <build>
                    <plugins>
                %s
                    </plugins>
                  </build>
                </project>
                """.formatted(name, dependency, plugins));
        return project;
    }

    /** The code between two fences of a page. */
    private static String block(Path page, String language, String within) throws IOException {
        Matcher blocks = Pattern.compile("(?ms)^```" + language + "\n(.*?)^```").matcher(Files.readString(page));
        while (blocks.find()) {
            if (blocks.group(1).contains(within)) {
                return blocks.group(1);
            }
        }
        throw new AssertionError(page + " has no " + language + " with " + within);
    }

    /** Compiles a project and returns what it depends on, its own artifact left out, as {@code group:artifact} in order. */
    private static List<String> tree(Path project) throws IOException, InterruptedException {
        maven.run(
                project,
                "compile",
                "dependency:tree",
                "-DoutputFile=tree.txt",
                "dependency:build-classpath",
                "-Dmdep.outputFile=classpath.txt");
        try (Stream<String> lines = Files.lines(project.resolve("tree.txt"))) {
            return lines.skip(1)
                    .map(line -> line.replaceFirst("^[-+|\\\\ ]*", ""))
                    .map(line -> String.join(":", Arrays.asList(line.split(":")).subList(0, 2)))
                    .sorted()
                    .toList();
        }
    }

    private static String run(Path project, String main, Path socket) throws IOException, InterruptedException {
        return MavenRun.output(
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        project.resolve("target/classes") + ":" + Files.readString(project.resolve("classpath.txt")),
                        main,
                        socket.toString()),
                main);
    }

    @Test
    void aProjectWithTheFrontEndLibraryAloneProbesASocket() throws IOException, InterruptedException {
        Path page = ROOT.resolve("docs/harness.md");
        String dependency = block(page, "xml", "<artifactId>vhost4j-front-end</artifactId>");
        assertThat(dependency).contains("<version>" + MavenRun.property("version") + "</version>");
        Path project = project("probe", dependency);
        Files.writeString(project.resolve("src/main/java/Probe.java"), block(page, "java", "class Probe"));
        assertThat(tree(project)).isEqualTo(FRONT_END);
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            assertThat(run(project, "Probe", backEnd.socket(0)))
                    .startsWith("offers 0x")
                    .contains("REPLY_ACK")
                    .endsWith("sent 106 bytes, received 106\n");
        }
    }

    @Test
    void theConformanceSuiteNeedsTheFrontEndLibraryAndNothingElse() throws IOException, InterruptedException {
        Path page = ROOT.resolve("docs/conformance.md");
        Path project = project("suite", block(page, "xml", "<artifactId>vhost4j-conformance</artifactId>"));
        Files.writeString(project.resolve("src/main/java/Conforms.java"), block(page, "java", "class Conforms"));
        assertThat(tree(project))
                .isEqualTo(Stream.concat(
                                FRONT_END.stream(),
                                Stream.of("org.vhost4j:vhost4j-common", "org.vhost4j:vhost4j-conformance"))
                        .sorted()
                        .toList());
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            assertThat(run(project, "Conforms", backEnd.socket(0))).isEqualTo("PASS ring.base\n");
        }
    }
}
