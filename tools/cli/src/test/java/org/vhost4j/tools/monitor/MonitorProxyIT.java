// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.monitor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.qmp.MonitorData;
import org.vhost4j.sys.Await;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MemFd;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Tests vhost4j-monitor with real QEMUs. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class MonitorProxyIT {
    private static final String DIRECTLY = "directly";
    private static final String STOCK = "qemu-stock";
    private static final String PLATFORMS = "{'execute': 'query-platforms', 'arguments': {'compat-props': false}}";
    private static final int MOST_RESIDENT_KIB = 5 * 1024;

    @TempDir
    static Path shared;

    private static Path program;

    @TempDir
    Path directory;

    @BeforeAll
    static void compile() throws Exception {
        program = Program.compile(shared).toRealPath();
    }

    /** The processes are one test's: each ends with its QEMU. */
    @AfterEach
    void endsWithQemu() {
        Await.until("the end of " + program, () -> Program.running(program).isEmpty());
    }

    private static byte[] data() {
        HostCapabilities host = HostCapabilities.imagined("imagined", EnumSet.allOf(HostCapability.class));
        PlatformCatalog catalog = PlatformCatalog.shipped();
        List<String> machines = List.of("pc-q35-7.2", "pc-i440fx-7.2", "pc-q35-9.1", "pc-q35-11.1");
        return MonitorData.of(catalog, host, "linux-6.2", machines, List.of("linux-6.2", "linux-6.9"));
    }

    private Qemu start(String how, String qemu, String... more) throws IOException {
        return new Qemu(directory, how, data(), Program.lab(qemu), more);
    }

    private Qemu behind(String qemu, String... more) throws IOException {
        return start(program.toString(), qemu, more);
    }

    /** What a client says, broken and odd, and the same that it is notified of QEMU. */
    private static List<String> conversation() {
        String longWord = "x".repeat(100_000);
        return List.of(
                "{'execute': 'query-status', 'id': {'a': [1, 2.0, null]}}",
                "{'execute': 'query-version'}",
                "{'id': 7, 'arguments': {'path': '/machine', 'property': 'type'}, 'execute': 'qom-get'}",
                "{'execute': 'query-platfomrs', 'id': 'x'}",
                "{'execute': 'query-status', 'execute': 'query-version'}",
                "{'execute': 'query-machines', 'arguments': {'nonsense': 1}, 'id': 1}",
                "{'execute': 'query-commands', 'id': 1, 'more': 2}",
                "{'execute': ['query-machines']}",
                "[{'execute': 'query-machines'}]",
                "{'execute': 'qom-get', 'arguments': {'path': '" + longWord + "', 'property': 'type'}}",
                "{'arguments': {'path': '" + longWord + "', 'property': 'type'}, 'execute': 'qom-get'}",
                "{'exec-oob': 'migrate-pause', 'id': 'oob'}",
                "{'exec-oob': 'query-machines', 'id': 'oob'}",
                "{'execute': 'query-status',}",
                "{'execute': 'qom-get', 'arguments': {'path': '\\u00e9\\ud83d\\ude00\u00e9', 'property': 'type'}}",
                "{'execute': 'qom-list', 'arguments': {'path': '{[\\\"\\'query-machines'}}",
                "{'execute': 'qmp_capabilities'}",
                "{}",
                "{'id': {'vhost4j-000000000000000000000000-m': 3}, 'execute': 'query-status'}");
    }

    private List<String> heard(String how, String qemu) throws Exception {
        List<String> heard = new ArrayList<>();
        try (Qemu started = start(how, qemu);
                Client client = started.connect()) {
            heard.add(client.line());
            heard.add(client.ask("{'execute': 'query-machines', 'id': 'too early'}"));
            heard.add(client.ask("{'execute': 'qmp_capabilities', 'arguments': {'enable': ['oob']}}"));
            for (String command : conversation()) {
                // QEMU 11.1 names the column of what is broken, and a line starts over.
                heard.add(client.ask(command + "\r\n"));
            }
        }
        Files.deleteIfExists(directory.resolve("monitor.sock"));
        return heard;
    }

    @ParameterizedTest
    @ValueSource(strings = {STOCK, "qemu-suite", "qemu-11"})
    void whatIsNotOursIsQemusToTheByte(String qemu) throws Exception {
        assertThat(heard(program.toString(), qemu)).isEqualTo(heard(DIRECTLY, qemu));
    }

    @ParameterizedTest
    @ValueSource(strings = {STOCK, "qemu-suite", "qemu-11"})
    void fourAnswersOfQemuAreChanged(String qemu) throws Exception {
        String schema = "{'execute': 'query-qmp-schema'}";
        String commands = "{'execute': 'query-commands'}";
        String machines = "{'execute': 'query-machines'}";
        JsonNode plainSchema;
        JsonNode plainCommands;
        JsonNode plainMachines;
        try (Qemu started = start(DIRECTLY, qemu);
                Client client = started.negotiated()) {
            plainSchema = client.returned(schema);
            plainCommands = client.returned(commands);
            plainMachines = client.returned(machines);
        }
        Files.deleteIfExists(directory.resolve("monitor.sock"));
        try (Qemu started = behind(qemu);
                Client client = started.negotiated()) {
            assertThat(added(plainCommands, client.returned(commands)))
                    .singleElement()
                    .hasToString("{\"name\":\"query-platforms\"}");
            schemaIsWhole(added(plainSchema, client.returned(schema)), plainSchema);
            machinesHaveOtherNames(added(plainMachines, client.returned(machines)), plainMachines);
            assertThat(client.ask("{'execute': 'query-chardev', 'id': 1}"))
                    .contains("\"filename\": \"unix:" + started.socket() + ",server=on\"");
            assertThat(resident()).isLessThan(MOST_RESIDENT_KIB);
        }
    }

    /** The elements of one list that another lacks; all others are there in the same order. */
    private static List<JsonNode> added(JsonNode plain, JsonNode changed) {
        List<JsonNode> added = changed.valueStream().toList();
        List<JsonNode> known = plain.valueStream().toList();
        assertThat(changed.valueStream().filter(known::contains).toList()).isEqualTo(known);
        return added.stream().filter(element -> !known.contains(element)).toList();
    }

    private static void schemaIsWhole(List<JsonNode> added, JsonNode plain) {
        List<String> known = plain.valueStream()
                .map(entity -> entity.path("name").asString())
                .toList();
        List<String> ours =
                added.stream().map(entity -> entity.path("name").asString()).toList();
        assertThat(ours).contains("query-platforms").doesNotHaveDuplicates().doesNotContainAnyElementsOf(known);
        for (JsonNode entity : added) {
            List<JsonNode> types = new ArrayList<>();
            for (String member : List.of("arg-type", "ret-type", "element-type")) {
                types.add(entity.path(member));
            }
            entity.path("members").forEach(member -> types.add(member.path("type")));
            types.removeIf(JsonNode::isMissingNode);
            assertThat(types).allMatch(type -> known.contains(type.asString()) || ours.contains(type.asString()));
        }
    }

    private static void machinesHaveOtherNames(List<JsonNode> added, JsonNode plain) {
        assertThat(added).isNotEmpty();
        for (JsonNode machine : added) {
            String name = machine.path("name").asString();
            assertThat(name).matches("pc-(q35|i440fx)-[0-9.]+_linux-6\\.[29]");
            JsonNode real = plain.valueStream()
                    .filter(each -> each.path("name").asString().equals(name.replaceFirst("_.*", "")))
                    .findFirst()
                    .orElseThrow();
            // Only one machine has an alias, and only one is the default.
            ObjectNode expected = ((ObjectNode) real).deepCopy().put("name", name);
            expected.remove(List.of("alias", "is-default"));
            assertThat(machine).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {STOCK, "qemu-suite", "qemu-11"})
    void platformsAreAnsweredAsQemuWould(String qemu) throws Exception {
        try (Qemu started = behind(qemu);
                Client client = started.connect()) {
            client.line();
            assertThat(client.ask("{'execute': 'query-platforms', 'id': 1}"))
                    .contains("Expecting capabilities negotiation with 'qmp_capabilities'", "\"id\": 1");
            client.ask("{'execute': 'qmp_capabilities', 'arguments': {'enable': ['oob']}}");
            JsonNode all = client.returned("{'execute': 'query-platforms'}");
            assertThat(all.get(0).has("compat-props")).isTrue();
            assertThat(client.returned(PLATFORMS).get(0).has("compat-props")).isFalse();
            assertThat(all.toString()).contains("{\"name\":\"linux-6.2\",").contains("\"in-use\":true");
            assertThat(client.ask("{\"execute\": \"query\\u002dplatforms\", 'id': {'b': [1, 'é']}}"))
                    .endsWith("\"id\": {\"b\": [1, \"\\u00E9\"]}}");
            assertThat(client.ask("{'exec-oob': 'query-platforms', 'id': 1}"))
                    .contains("The command query-platforms does not support OOB");
            assertThat(client.ask("{'execute': 'query-platforms', 'arguments': {'foo': 1}}"))
                    .contains("Parameter 'foo' is unexpected");
            assertThat(client.ask("{'execute': 'query-platforms', 'arguments': {'compat-props': 1}}"))
                    .contains("\"desc\": \"Invalid parameter type for 'compat-props', expected: boolean\"");
            assertThat(client.ask("{'execute': 'query-platforms', 'arguments': 1}"))
                    .contains("QMP input member 'arguments' must be an object");
            assertThat(client.ask("{'execute': 'query-platforms', 'bar': 1}"))
                    .contains("QMP input member 'bar' is unexpected");
            assertThat(client.ask("{'execute': 'query-platforms',}")).contains("JSON parse error");
        }
    }

    @Test
    void descriptorsArriveWithTheirCommand() throws Exception {
        try (Qemu started = behind(STOCK);
                Client client = started.negotiated();
                Fd first = MemFd.create("first", 4096);
                Fd second = MemFd.create("second", 4096)) {
            assertThat(client.ask("{'execute': 'getfd', 'arguments': {'fdname': 'a'}}", first))
                    .isEqualTo("{\"return\": {}}");
            client.sendInPieces("{'execute': 'add-fd', 'arguments': {'fdset-id': 7}, 'id': 1}", second);
            assertThat(client.answer()).contains("\"fdset-id\": 7");
            assertThat(client.ask("{'execute': 'getfd', 'arguments': {'fdname': 'none'}}"))
                    .contains("No file descriptor supplied");
            // QEMU holds them itself: they are what was sent.
            assertThat(opened(started)).contains("/memfd:first (deleted)", "/memfd:second (deleted)");
            assertThat(client.ask("{'execute': 'closefd', 'arguments': {'fdname': 'a'}}"))
                    .isEqualTo("{\"return\": {}}");
            assertThat(opened(started)).doesNotContain("/memfd:first (deleted)");
            long pid = Program.running(program).getFirst().pid();
            assertThat(links(pid)).noneMatch(link -> link.contains("memfd"));
        }
    }

    private static List<String> opened(Qemu qemu) throws IOException {
        return links(qemu.process().pid());
    }

    private static List<String> links(long pid) throws IOException {
        try (Stream<Path> links = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            List<String> names = new ArrayList<>();
            for (Path link : links.toList()) {
                if (Files.isSymbolicLink(link)) {
                    names.add(Files.readSymbolicLink(link).toString());
                }
            }
            return names;
        }
    }

    @Test
    void manyCommandsAtOnceAreAnsweredInOrder() throws Exception {
        try (Qemu started = behind(STOCK);
                Client client = started.negotiated()) {
            StringBuilder commands = new StringBuilder();
            List<String> ids = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                for (String command : List.of("query-platforms", "query-status", "query-commands", "query-machines")) {
                    ids.add("\"" + command + i + "\"");
                    commands.append("{'execute': '" + command + "', 'id': '" + command + i + "'}\r\n");
                }
            }
            Thread sender = Thread.ofPlatform().start(() -> client.send(commands.toString()));
            List<String> heard = new ArrayList<>();
            for (int i = 0; i < ids.size(); i++) {
                heard.add(Client.json(client.answer()).get("id").toString());
            }
            sender.join();
            assertThat(heard).isEqualTo(ids);
            client.sendInPieces(PLATFORMS);
            assertThat(client.answer()).contains("\"name\": \"linux-6.2\"");
        }
    }

    @Test
    void eventsKeepTheirPlace() throws Exception {
        try (Qemu started = behind(STOCK);
                Client client = started.negotiated()) {
            client.send("{'execute': 'cont'}" + PLATFORMS + "{'execute': 'stop'}{'execute': 'query-machines'}");
            List<String> heard = IntStream.range(0, 6)
                    .mapToObj(i -> {
                        try {
                            JsonNode message = Client.json(client.line());
                            return message.has("event")
                                    ? message.get("event").asString()
                                    : message.get("return").isEmpty()
                                            ? "done"
                                            : message.get("return")
                                                    .get(0)
                                                    .get("name")
                                                    .asString();
                        } catch (IOException e) {
                            throw new AssertionError(e);
                        }
                    })
                    .toList();
            String newest = PlatformCatalog.shipped().platforms().getFirst().name();
            assertThat(heard.subList(0, 5)).containsExactly("RESUME", "done", newest, "STOP", "done");
        }
    }

    @Test
    void clientsComeOneAfterTheOther() throws Exception {
        try (Qemu started = behind(STOCK);
                Client first = started.negotiated();
                Client second = started.connect()) {
            assertThat(first.returned(PLATFORMS)).isNotEmpty();
            assertThat(second.isSilent()).isTrue();
            first.leave();
            assertThat(second.line()).startsWith("{\"QMP\": ");
            assertThat(second.ask(PLATFORMS)).contains("Expecting capabilities negotiation");
        }
    }

    @Test
    void aClientThatDoesNotReadDelaysOnlyItself() throws Exception {
        try (Qemu started = behind(STOCK)) {
            try (Client deaf = started.negotiated()) {
                String command = "{'execute': 'query-machines'}".repeat(100);
                int[] full = {0};
                Await.until("no room to send", () -> {
                    full[0] = deaf.sendWithoutWaiting(command) == 0 ? full[0] + 1 : 0;
                    return full[0] > 100;
                });
                assertThat(resident()).isLessThan(MOST_RESIDENT_KIB);
            }
            try (Client next = started.connect()) {
                // QEMU may begin with the rest of what the previous one did not read.
                while (!next.line().startsWith("{\"QMP\": ")) {}
                next.ask("{'execute': 'qmp_capabilities'}");
                assertThat(next.returned(PLATFORMS)).isNotEmpty();
            }
        }
    }

    private static int resident() throws IOException {
        List<ProcessHandle> running = Program.running(program);
        assertThat(running).hasSize(1);
        return Files.readAllLines(Path.of("/proc/" + running.getFirst().pid() + "/smaps_rollup")).stream()
                .filter(line -> line.startsWith("Rss:"))
                .mapToInt(line -> Integer.parseInt(line.replaceAll("[^0-9]", "")))
                .sum();
    }

    @Test
    void theLastWordIsHeardAndTheSocketRemoved() throws Exception {
        try (Qemu started = behind(STOCK);
                Client client = started.negotiated()) {
            client.send("{'execute': 'quit'}");
            assertThat(client.rest()).contains("\"event\": \"SHUTDOWN\"", "{\"return\": {}}");
            Await.until("the end of " + program, () -> Program.running(program).isEmpty());
            assertThat(started.socket()).doesNotExist();
        }
    }

    @Test
    void killedItTakesOnlyTheMonitorAlong() throws Exception {
        try (Qemu started = behind(STOCK);
                Client client = started.negotiated()) {
            ProcessHandle proxy = Program.running(program).getFirst();
            proxy.destroyForcibly();
            assertThat(client.rest()).isEmpty();
            assertThat(started.process().isAlive()).isTrue();
        }
    }

    @Test
    void aDaemonIsFollowed() throws Exception {
        Path pidfile = directory.resolve("pid");
        try (Qemu started = behind(STOCK, "-daemonize", "-pidfile", pidfile.toString())) {
            assertThat(started.process().waitFor()).isZero();
            ProcessHandle daemon = ProcessHandle.of(
                            Long.parseLong(Files.readString(pidfile).strip()))
                    .orElseThrow();
            try (Client client = started.negotiated()) {
                assertThat(client.returned(PLATFORMS)).isNotEmpty();
            }
            assertThat(Program.running(program)).hasSize(1);
            daemon.destroyForcibly();
        }
    }

    @Test
    void oneProcessServesAUsersGuests() throws Exception {
        Path service = directory.resolve("service");
        Process serving = new ProcessBuilder(program.toString(), "--serve", service.toString())
                .inheritIO()
                .start();
        try {
            Await.until("a socket at " + service, () -> Files.exists(service));
            try (Qemu started = start("at:" + service, STOCK);
                    Client client = started.negotiated()) {
                assertThat(client.returned(PLATFORMS)).isNotEmpty();
                // A child of the service, not of QEMU: in the service's cgroup.
                assertThat(Program.running(program)).hasSize(2);
                serving.destroyForcibly().waitFor();
                assertThat(client.returned(PLATFORMS)).isNotEmpty();
            }
        } finally {
            serving.destroyForcibly();
        }
    }

    @Test
    void whatIsNoRequestIsRefused() throws Exception {
        try (Qemu started = new Qemu(
                directory, program.toString(), "nonsense\n".getBytes(StandardCharsets.US_ASCII), Program.lab(STOCK))) {
            assertThat(started.process().waitFor()).isEqualTo(1);
            assertThat(Files.readString(directory.resolve("log")))
                    .isEqualTo("error the platforms: not the data of this version of vhost4j-monitor\n");
        }
    }

    @Test
    void qemusShellListsPlatforms() throws Exception {
        try (Qemu started = behind(STOCK)) {
            started.connect().close();
            Process shell = new ProcessBuilder(
                            Program.lab("qmp-shell"), started.socket().toString())
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve("shell").toFile())
                    .start();
            try (var in = shell.outputWriter(StandardCharsets.UTF_8)) {
                in.write("query-platforms compat-props=false\n");
            }
            shell.waitFor();
            assertThat(Files.readString(directory.resolve("shell")))
                    .contains("Connected to QEMU 7.2", "\"name\": \"linux-6.2\"");
        }
    }
}
