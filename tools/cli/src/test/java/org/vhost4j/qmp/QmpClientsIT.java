// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.qmp.schema.Schema;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tests the monitor with clients from other projects. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class QmpClientsIT {
    private static final Path ARCHIVE = Path.of("target", "vhost4j.jar").toAbsolutePath();

    /** Executes each command on its standard input, and waits for an event at the line {@code event NAME}. */
    private static final String SCRIPT = """
            import asyncio, json, sys
            from qemu.qmp import QMPClient

            async def main():
                client = QMPClient('test')
                await client.connect(sys.argv[1])
                print(json.dumps(client.greeting._asdict()), flush=True)
                for line in sys.stdin:
                    word, _, name = line.strip().partition(' ')
                    if word == 'event':
                        with client.listener(name) as listener:
                            print('listening', flush=True)
                            print(json.dumps(dict(await listener.get())), flush=True)
                    else:
                        print(json.dumps(await client.execute(name)), flush=True)
                await client.disconnect()

            asyncio.run(main())
            """;

    @TempDir
    Path directory;

    private static String lab(String file) throws IOException {
        Lab lab = Lab.find();
        lab.provision();
        return lab.files().resolve(file).toString();
    }

    private Process start(String... command) throws IOException {
        return new ProcessBuilder(command)
                .redirectError(directory.resolve("err").toFile())
                .start();
    }

    /** Runs a program with an input, and gives its lines. */
    private List<String> run(String input, String... command) throws Exception {
        Process process = start(command);
        try (Writer out = process.outputWriter(StandardCharsets.UTF_8)) {
            out.write(input);
        }
        List<String> lines;
        try (BufferedReader in = process.inputReader(StandardCharsets.UTF_8)) {
            lines = in.readAllLines();
        }
        int status = process.waitFor();
        assertThat(status).as(Files.readString(directory.resolve("err"))).isZero();
        return lines;
    }

    @Test
    void qemusPythonPackage() throws Exception {
        JsonMapper mapper = new JsonMapper();
        try (QmpFixture fixture = new QmpFixture(directory)) {
            Process process =
                    start(lab("qmp-python"), "-c", SCRIPT, fixture.path().toString());
            try (Writer out = process.outputWriter(StandardCharsets.UTF_8);
                    BufferedReader in = process.inputReader(StandardCharsets.UTF_8)) {
                assertThat(line(in)).contains("vhost4j 1.2.3-TEST");
                for (String command : Schema.load().commands().keySet()) {
                    if (command.startsWith("query-")) {
                        out.write("execute " + command + "\n");
                        out.flush();
                        JsonNode answer = mapper.readTree(line(in));
                        assertThat(answer.isContainer()).as(command).isTrue();
                    }
                }
                out.write("event GUEST_NEGOTIATED\n");
                out.flush();
                assertThat(line(in)).isEqualTo("listening");
                try (NetDriver guest = NetDriver.attach(fixture.guest(0), NetSetup.full())) {
                    assertThat(guest.features()).isNotZero();
                    JsonNode event = mapper.readTree(line(in));
                    assertThat(event.path("event").asString()).isEqualTo("GUEST_NEGOTIATED");
                    assertThat(event.path("data").path("guest").asString()).isEqualTo("guest0");
                }
                out.write("execute quit\n");
                out.flush();
                assertThat(line(in)).isEqualTo("{}");
                assertThat(fixture.quit().await(1, TimeUnit.MINUTES)).isTrue();
            }
            assertThat(process.waitFor()).isZero();
        }
    }

    private String line(BufferedReader in) throws IOException {
        String line = in.readLine();
        if (line == null) {
            throw new IOException(Files.readString(directory.resolve("err")));
        }
        return line;
    }

    @Test
    void qmpShell() throws Exception {
        try (QmpFixture fixture = new QmpFixture(directory)) {
            List<String> lines = run(
                    "query-version\nquery-machines compat-props=true\nquery-machines compat-props=5\nquery-devices\n",
                    lab("qmp-shell"),
                    fixture.path().toString());
            assertThat(lines)
                    .anyMatch(line -> line.contains("Connected to QEMU 1.2.3"))
                    .anyMatch(line -> line.contains("vhost4j 1.2.3-TEST"))
                    .anyMatch(line -> line.contains("pc-q35-8.1") && line.contains("host_uso"))
                    .anyMatch(line -> line.contains("Invalid parameter type for 'compat-props', expected: boolean"))
                    .anyMatch(line -> line.contains("guest1.sock"));
        }
    }

    @Test
    void socatAndTheRealProgram() throws Exception {
        Path socket = directory.resolve("q.sock");
        Process program = vhost4j(
                "--socket-path=" + directory.resolve("a.sock"), "--qmp", "unix:" + socket + ",server=on,wait=off");
        try (BufferedReader in = program.inputReader(StandardCharsets.UTF_8)) {
            String line = line(in);
            while (!line.contains("waiting for a front-end")) {
                line = line(in);
            }
            List<String> lines = run(
                    "{'execute': 'qmp_capabilities'}\n{'execute': 'query-platforms'}\n{'execute': 'quit'}\n",
                    "socat",
                    "-t",
                    "30",
                    "-",
                    "UNIX-CONNECT:" + socket);
            assertThat(lines).hasSize(5);
            assertThat(lines.get(0))
                    .startsWith("{\"QMP\": {\"version\": {\"qemu\": ")
                    .contains("\"package\": \"vhost4j 0.");
            assertThat(lines.get(2)).contains("\"is-default\": true").contains("\"in-use\": true");
            assertThat(lines.get(3)).contains("SHUTDOWN");
            assertThat(lines.get(4)).isEqualTo("{\"return\": {}}");
        }
        assertThat(program.waitFor()).isZero();
        assertThat(socket).doesNotExist();
        assertThat(directory.resolve("a.sock")).doesNotExist();
        assertThat(Files.readString(directory.resolve("err"))).isEmpty();
    }

    @Test
    void aSignalEndsTheProgramWellAndSaysSo() throws Exception {
        Path socket = directory.resolve("q.sock");
        Process program = vhost4j("--socket-path=" + directory.resolve("a.sock"), "--qmp=unix:" + socket);
        try (BufferedReader in = program.inputReader(StandardCharsets.UTF_8)) {
            String line = line(in);
            while (!line.contains("waiting for a front-end")) {
                line = line(in);
            }
            try (TestClient client = TestClient.negotiated(socket)) {
                // The answer to this proves that the client hears events.
                client.returned("{'execute': 'query-version'}");
                program.destroy();
                assertThat(client.line()).contains("\"event\": \"SHUTDOWN\"").contains("host-signal");
            }
        }
        assertThat(program.waitFor()).isZero();
        assertThat(socket).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--qmp=tcp::4444|--qmp=tcp::4444: a monitor is unix:PATH",
                "--qmp=unix:q,wait=on|--qmp=unix:q,wait=on: wait=on is not supported, because the program does not wait for a client",
                "--qmp=unix:/proc/q|--qmp=unix:/proc/q: cannot create a file in /proc",
            })
    void whatCannotBeHonoured(String option, String message) throws Exception {
        Process program = vhost4j("--socket-path=" + directory.resolve("a.sock"), option);
        try (BufferedReader in = program.inputReader(StandardCharsets.UTF_8)) {
            List<String> unused = in.readAllLines();
        }
        assertThat(program.waitFor()).isEqualTo(2);
        assertThat(Files.readAllLines(directory.resolve("err"))).containsExactly("vhost4j: " + message);
    }

    private Process vhost4j(String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-Djna.nosys=true",
                "-jar",
                ARCHIVE.toString(),
                "run"));
        command.addAll(List.of(options));
        return start(command.toArray(String[]::new));
    }
}
