// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.qmp.QmpFixture;
import org.vhost4j.sys.Await;
import org.vhost4j.tools.endtoend.TestBackEnd;
import picocli.CommandLine;

/**
 * The documented command lines that start a back-end, or need one that runs, each as it stands: paths are of a directory of the test, the group
 * is one that there is, and the conformance suite is limited to one case. Lines that this cannot run have the test that does.
 */
class DocumentedBackEndTest {
    /** Lines that are not run here, and which test covers what is in them. */
    private static final Map<String, String> ELSEWHERE = new LinkedHashMap<>();

    static {
        ELSEWHERE.put(
                "vhost4j run --fd=web --port tap:ifname=tap0", "systemd hands the socket over: SocketActivationTest");
        ELSEWHERE.put(
                "vhost4j run --socket-path=/run/vhost4j/a.sock --port xdp:eth0,queue=0",
                "takes a queue of a network card: XdpPortIT");
        ELSEWHERE.put(
                "vhost4j run --socket-path=/tmp/a.sock --port=user:hostfwd=tcp:127.0.0.1:2222-:22",
                "passt creates namespaces of its own: UserNetworkIT");
        ELSEWHERE.put(
                "vhost4j run --expect-abi FINGERPRINT --machine pc-q35-10.0 --platform linux-6.12"
                        + " --socket-path=/run/b.sock,attach=netdev --port tap:ifname=tap0",
                "the fingerprint is printed by another host's start: MigrationIT");
        ELSEWHERE.put(
                "vhost4j capture --qmp unix:/run/vhost4j/qmp guest0,tap:tap0 - tcp port 80",
                "shows its frames in a program with windows; with a filter, to a pipe: CaptureIT");
        ELSEWHERE.put(
                "vhost4j port add --qmp=unix:/run/vhost4j/qmp.sock tap:ifname=tap1,tag=10",
                "creates a TAP on the host; with another kind of port: GuestCommandTest");
        ELSEWHERE.put(
                "vhost4j conformance /tmp/own.sock --timeout 10 --runs 100 --exec tools/vhost4j run"
                        + " --socket-path={socket} --port echo --queues 2 --set packed=on --set in_order=on --set rss=on"
                        + " --set hash=on",
                "takes an hour; once: OwnBackEndIT");
    }

    private static final String ONE_CASE = "ring.base";
    private static final Pattern PATH = Pattern.compile("(?:/run/vhost4j|/run|/tmp|/etc/vhost4j)/(?=[\\w.{-])");
    private static final Set<String> SEEN = new TreeSet<>();
    private static List<DocumentCommand> all = List.of();

    @TempDir
    private Path directory;

    @BeforeAll
    static void read() throws IOException {
        all = DocumentCommand.all().stream()
                // Those of other back-ends are run by tools/conformance-peers, which writes the page.
                .filter(command ->
                        command.program().equals("vhost4j") && !command.page().equals("conformance-matrix.md"))
                .toList();
    }

    private static String line(DocumentCommand command) {
        return "vhost4j " + String.join(" ", command.arguments());
    }

    /** The lines of some commands that are run here, without the names of commands and options in sentences. */
    private static List<DocumentCommand> lines(String... names) {
        List<DocumentCommand> lines = all.stream()
                .filter(command -> command.arguments().size() > 1
                        && List.of(names).contains(command.arguments().getFirst())
                        && !command.page().equals("commands.md"))
                .toList();
        lines.forEach(command -> SEEN.add(line(command)));
        return lines.stream()
                .filter(command -> !ELSEWHERE.containsKey(line(command)))
                .toList();
    }

    /** The arguments, with paths in a directory of their own. */
    private static List<String> arguments(DocumentCommand command, Path own) {
        return command.arguments().stream()
                .filter(word -> !word.equals("…"))
                .map(word -> PATH.matcher(word)
                        .replaceAll(own + "/")
                        .replace("--socket-path=…", "--socket-path=" + own.resolve("any.sock"))
                        .replace("--socket-path=A.sock", "--socket-path=" + own.resolve("A.sock"))
                        .replace("libvirt-qemu", "root"))
                .toList();
    }

    @Test
    void whatIsRunElsewhereIsStillShownAndTested() throws IOException {
        List<String> findings = new ArrayList<>();
        lines("run", "capture", "guest", "port", "conformance");
        for (Map.Entry<String, String> each : ELSEWHERE.entrySet()) {
            if (!SEEN.contains(each.getKey())) {
                findings.add("no page shows: " + each.getKey());
            }
            String test = each.getValue().replaceFirst(".* ", "");
            if (SourceTree.files(name -> name.equals(test + ".java")).isEmpty()) {
                findings.add(each.getValue() + ": there is no such test");
            }
        }
        assertThat(findings).isEmpty();
    }

    @Test
    void everyBackEndStarts() throws Exception {
        Map<DocumentCommand, ChildCommand> started = new LinkedHashMap<>();
        Map<DocumentCommand, Path> sockets = new HashMap<>();
        try {
            int number = 0;
            for (DocumentCommand command : lines("run")) {
                String name = "r" + number++;
                Path own = Files.createDirectory(directory.resolve(name));
                List<String> arguments = new ArrayList<>(arguments(command, own));
                for (int i = 0; i < arguments.size(); i++) {
                    // Each path that a page leaves open is another.
                    arguments.set(i, arguments.get(i).replace("any.sock", i + ".sock"));
                }
                if (arguments.stream().noneMatch(word -> word.matches("--(socket-path|fd|config)(=.*)?"))) {
                    if (!command.words().contains("…")) {
                        // A sentence about an option.
                        continue;
                    }
                    arguments.add("--socket-path=" + own.resolve("any.sock"));
                }
                int config = arguments.indexOf("--config");
                String socket = config < 0
                        ? arguments.stream()
                                .filter(word -> word.startsWith("--socket-path="))
                                .findFirst()
                                .orElseThrow()
                                .replaceFirst("--socket-path=([^,]*).*", "$1")
                        : own.resolve("web.sock").toString();
                if (config >= 0) {
                    String example = Files.readString(SourceTree.ROOT.resolve("docs/run-config.example.json"));
                    Files.writeString(Path.of(arguments.get(config + 1)), example.replace("/run/vhost4j/", own + "/"));
                }
                sockets.put(command, Path.of(socket.replace("{socket}", own + "/s.sock")));
                arguments.replaceAll(word -> word.replace("{socket}", own + "/s.sock"));
                started.put(command, ChildCommand.inNetwork(directory, name + ".", arguments.toArray(String[]::new)));
            }
            assertThat(started).hasSizeGreaterThan(8);
            List<String> findings = new ArrayList<>();
            for (Map.Entry<DocumentCommand, ChildCommand> each : started.entrySet()) {
                Path socket = sockets.get(each.getKey());
                Await.until(
                        () -> each.getKey() + " listens: " + each.getValue().err(),
                        Await.PATIENCE,
                        () -> Files.exists(socket) || each.getValue().hasEnded());
                each.getValue().signal("INT");
                if (each.getValue().status() != 0) {
                    findings.add(each.getKey() + ": " + each.getValue().err());
                }
            }
            assertThat(findings).isEmpty();
        } finally {
            started.values().forEach(ChildCommand::close);
        }
    }

    @Test
    void everyCommandForABackEndThatRunsDoesWhatItSays() throws IOException {
        List<String> findings = new ArrayList<>();
        try (QmpFixture backEnd = QmpFixture.bridged(directory)) {
            for (DocumentCommand command : lines("guest", "port", "top", "stats")) {
                List<String> arguments = new ArrayList<>(arguments(command, directory));
                // The monitor's socket has another name on each page.
                arguments.replaceAll(word -> word.replaceFirst("^unix:.*", "unix:" + backEnd.path())
                        .replaceFirst("^--qmp=unix:.*", "--qmp=unix:" + backEnd.path())
                        .replaceFirst("^(SOCKET|/.*\\.qmp)$", backEnd.path().toString()));
                if (arguments.size() == 2 && List.of("guest", "port").contains(arguments.getFirst())) {
                    // A command in a sentence.
                    continue;
                }
                if (arguments.getFirst().equals("top") && !arguments.contains("--once")) {
                    // On a terminal it does not end by itself.
                    arguments.add("--once");
                }
                findings.addAll(run(command, arguments));
            }
        }
        assertThat(findings).isEmpty();
    }

    @Test
    void everyRunOfTheSuiteTriesItsCase() throws IOException {
        List<String> findings = new ArrayList<>();
        // As a shell's command: the socket is its last word.
        Path backEnd = Files.writeString(
                directory.resolve("my-backend"),
                "#!/bin/sh\nfor last; do :; done\ncase $1 in --socket-path=*) last=${1#*=} ;; esac\nexec '"
                        + String.join("' '", ChildCommand.program())
                        + "' run --socket-path=\"$last\" --port echo\n");
        assertThat(backEnd.toFile().setExecutable(true)).isTrue();
        try (TestBackEnd running = TestBackEnd.echo()) {
            for (DocumentCommand command : lines("conformance")) {
                if (command.arguments().get(1).equals("matrix")) {
                    continue;
                }
                List<String> arguments = new ArrayList<>(arguments(command, directory));
                boolean starts = arguments.contains("--exec");
                arguments.set(1, (starts ? directory.resolve("own.sock") : running.socket(0)).toString());
                arguments.replaceAll(word -> word.replaceFirst("^my-backend", backEnd.toString())
                        .replaceFirst("^((base\\.trace|report\\.xml))$", directory + "/$1")
                        .replaceFirst("^(NAME|hostile-ring\\.\\*)$", ONE_CASE));
                if (!arguments.contains("--only") && !arguments.contains("--replay")) {
                    arguments.add("--only=" + ONE_CASE);
                }
                arguments.add("--timeout=60");
                findings.addAll(run(command, arguments));
            }
        }
        assertThat(findings).isEmpty();
    }

    @Test
    void everyCaptureWritesUntilItIsInterrupted() throws Exception {
        try (QmpFixture backEnd = QmpFixture.bridged(directory)) {
            int number = 0;
            for (DocumentCommand command : lines("capture")) {
                Path own = Files.createDirectory(directory.resolve("c" + number++));
                List<String> arguments = new ArrayList<>(arguments(command, own));
                arguments.replaceAll(word -> word.replaceFirst("^unix:.*", "unix:" + backEnd.path()));
                try (ChildCommand capture =
                        new ChildCommand(directory, "c" + number + ".", "", arguments.toArray(String[]::new))) {
                    Await.until(
                            () -> command + " writes: " + capture.err(),
                            Await.PATIENCE,
                            () -> hasContents(own) || capture.hasEnded());
                    capture.signal("INT");
                    assertThat(capture.status()).as(command + capture.err()).isEqualTo(130);
                    assertThat(capture.err()).contains("0 frames captured");
                }
            }
            assertThat(number).isPositive();
        }
    }

    private static boolean hasContents(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.anyMatch(file -> file.toFile().length() > 0);
        }
    }

    private static List<String> run(DocumentCommand command, List<String> arguments) {
        StringWriter output = new StringWriter();
        PrintWriter to = new PrintWriter(output, true);
        String[] words = arguments.toArray(String[]::new);
        CommandLine line = Vhost4j.line(words).setOut(to).setErr(to);
        line.setExecutionExceptionHandler((exception, failed, parsed) -> {
            to.println(FailureLine.of(exception));
            return FailureLine.status(exception);
        });
        int status = line.execute(words);
        return status == 0 ? List.of() : List.of(command + ": status " + status + ", " + output);
    }
}
