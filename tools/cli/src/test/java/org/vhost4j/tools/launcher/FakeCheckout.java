// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.launcher;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A small source tree with the scripts of {@code tools}. Its fake Maven concatenates the sources of all modules to an
 * "archive"; its fake JVM prints the archive, and then its arguments.
 */
final class FakeCheckout {
    static final String BUILDING = "vhost4j: building (a minute or two)";
    static final String BUILDING_AGAIN = BUILDING + ", because the sources have changed since the last build";

    private static final List<String> SCRIPTS =
            List.of("aot", "archive", "build", "java25", "maven", "vhost4j", "vhost4j-net");

    // A source that says "broken" does not compile. While the FIFO "gate" is there, a build waits for a line from it.
    private static final String MAVEN = """
        #!/bin/bash
        top=${0%/bin/mvn}
        echo started >>"$top/builds"
        [ ! -p "$top/gate" ] || { read -r _ <"$top/gate"; rm "$top/gate"; }
        cd "$top/tree" || exit
        program=$(find . -path '*/src/main/*' -type f -not -name '.*' -print0 | LC_ALL=C sort -z | xargs -0 cat)
        if [[ $program == *broken* ]]; then
            printf '[ERROR] %s\\n' 'one thing' 'another thing'
            exit 1
        fi
        mkdir -p tools/cli/target
        printf '%s\\n' "$program" >tools/cli/target/vhost4j.jar
        """;

    private static final String JAVA = """
        #!/bin/bash
        arguments=("$@")
        while (($#)); do
            case $1 in
                -XX:AOTCacheOutput=*) echo cache >"${1#*=}" ;;
                -jar) cat "$2" ;;
            esac
            shift
        done
        printf '%s\\n' "${arguments[@]}"
        """;

    private static final String JAR = """
        #!/bin/bash
        for file in "${@:3}"; do
            mkdir -p "${file%/*}"
            echo library >"$file"
        done
        """;

    /** The result of a script: its exit status, and the lines that it printed. */
    record Ended(int status, List<String> out, List<String> err) {
        /** The first line of the archive that was run. */
        String program() {
            return out.getFirst();
        }

        /** The rest of an argument of the JVM that starts like this. */
        String argument(String prefix) {
            return out.stream()
                    .filter(line -> line.startsWith(prefix))
                    .findFirst()
                    .map(line -> line.substring(prefix.length()))
                    .orElseThrow();
        }

        /** A file in the directory that the AOT cache was taken from. */
        Path beside(String name) {
            return Path.of(argument("-XX:AOTCache=")).resolveSibling(name);
        }
    }

    private final Path top;

    /** With a root pom.xml and without sources, in an empty directory. */
    FakeCheckout(Path top) throws IOException {
        this.top = top;
        for (String script : SCRIPTS) {
            Path copy = file("tools/" + script);
            Files.createDirectories(copy.getParent());
            Files.copy(Path.of("..", script), copy);
        }
        write("pom.xml", "<project/>");
        program(top.resolve("bin/mvn"), MAVEN);
        program(top.resolve("jdk/bin/java"), JAVA);
        program(top.resolve("jdk/bin/javac"), "#!/bin/sh\n");
        program(top.resolve("jdk/bin/jar"), JAR);
        Files.writeString(top.resolve("jdk/release"), "JAVA_VERSION=\"25.0.1\"\n");
    }

    /** Writes a script that can be executed. */
    static void program(Path program, String text) throws IOException {
        Files.createDirectories(program.getParent());
        Files.writeString(program, text);
        if (!program.toFile().setExecutable(true)) {
            throw new IOException(program + ": cannot be made executable");
        }
    }

    /** A file of the tree. */
    Path file(String name) {
        return top.resolve("tree").resolve(name);
    }

    /** Writes one line to a file of the tree. */
    void write(String name, String line) throws IOException {
        Path file = file(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, line + "\n");
    }

    /** How often Maven was started. */
    int builds() throws IOException {
        Path builds = top.resolve("builds");
        return Files.exists(builds) ? Files.readAllLines(builds).size() : 0;
    }

    /** Makes the next build wait until the gate is opened. */
    void closeGate() throws IOException, InterruptedException {
        new ProcessBuilder("mkfifo", top.resolve("gate").toString())
                .inheritIO()
                .start()
                .waitFor();
    }

    /** Lets the build that waits finish; returns when it has started to wait. */
    void openGate() throws IOException {
        Files.writeString(top.resolve("gate"), "open\n");
    }

    /** Starts a script of the tree. */
    Process start(String script, String... arguments) throws IOException {
        return startIn(List.of(), script, arguments);
    }

    /**
     * Starts a script of the tree in surroundings that a shell command makes.
     *
     * @param wrapper a command that runs the one behind it
     */
    private Process startIn(List<String> wrapper, String script, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(wrapper);
        command.add(file("tools/" + script).toString());
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        Map<String, String> environment = builder.environment();
        environment.put("JAVA_HOME", top.resolve("jdk").toString());
        environment.put("PATH", top.resolve("bin") + ":" + environment.get("PATH"));
        environment.remove("VHOST4J_ARCHIVE");
        environment.remove("VHOST4J_JVM_OPTIONS");
        return builder.start();
    }

    /** Runs a script of the tree to its end. */
    Ended run(String script, String... arguments) throws IOException, InterruptedException {
        return end(start(script, arguments));
    }

    /** Runs a script of the tree to its end, behind a command of a shell such as {@code ulimit -v 1000}. */
    Ended runAfter(String preparation, String script, String... arguments) throws IOException, InterruptedException {
        return end(startIn(List.of("bash", "-c", preparation + " && exec \"$@\"", "bash"), script, arguments));
    }

    /** Waits for the end of a script, and reads what it has printed; a few lines, for which the pipes have room. */
    static Ended end(Process process) throws IOException, InterruptedException {
        List<String> out = lines(process.getInputStream().readAllBytes());
        List<String> err = lines(process.getErrorStream().readAllBytes());
        return new Ended(process.waitFor(), out, err);
    }

    private static List<String> lines(byte[] text) {
        return new String(text, StandardCharsets.UTF_8).lines().toList();
    }
}
