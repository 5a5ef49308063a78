// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.device.net.NetConfigSpace;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.platform.definition.DeviceCapabilities;
import org.vhost4j.platform.definition.GuestAbi;
import org.vhost4j.platform.definition.MachineDefinition;
import org.vhost4j.platform.definition.MissingPolicy;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.Request;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.definition.Resolver;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.sys.LimitedLog;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.BackendConfig;
import org.vhost4j.vhostuser.server.Endpoint;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tests the lines printed at the start, and the levels and format of the log. */
class StartLinesTest {
    private static final PlatformCatalog CATALOG = PlatformCatalog.shipped();

    /** The longest name of a machine whose arguments fit into the lines at the start. */
    private static final int LONGEST_NAME = 18;

    static Stream<String> machines() {
        return CATALOG.machines().stream().map(MachineDefinition::name).filter(name -> name.length() <= LONGEST_NAME);
    }

    private static List<String> brief(String machine, Endpoint... guests) {
        Request request = new Request(
                Optional.of(machine),
                Optional.empty(),
                new LinkedHashMap<>(),
                MissingPolicy.REFUSE,
                Set.of(),
                DeviceCapabilities.vhost4j(4, OptionalInt.of(9000)),
                HostCapabilities.NOT_PROBED);
        Resolution resolution = (Resolution) new Resolver(CATALOG).resolve(request);
        BackendConfig config = BackendConfig.builder(List.of(guests), resolution.offered())
                .queuePairs(4)
                .growing(true)
                .build();
        GuestAbi abi = new GuestAbi(resolution.offered(), 4, RingLayout.MAX_SIZE, 9000, NetConfigSpace.BYTES);
        return StartLines.brief(config, resolution, abi);
    }

    @ParameterizedTest
    @MethodSource("machines")
    void atMostSixShortLines(String machine) {
        Endpoint guest = Endpoint.listen(Path.of("/run/vhost4j/a.sock"), Attach.AUTO);
        List<String> lines = brief(machine, guest, guest);
        assertThat(lines)
                .hasSizeLessThanOrEqualTo(StartLines.MOST)
                .allMatch(line -> line.length() <= StartLines.LENGTH);
        assertThat(lines.getFirst()).contains("machine " + machine);
        assertThat(lines.get(2)).contains("TSO");
        String pasted = String.join("", lines.subList(3, lines.size()))
                .replace(" \\  ", " ")
                .strip();
        List<String> arguments = new ArrayList<>(AttachHelp.machine(machine));
        arguments.addAll(AttachHelp.device(guest, 0, 4));
        assertThat(pasted).isEqualTo(String.join(" ", arguments));
    }

    @Test
    void whatDoesNotFitIsLeftToVerbose() {
        Endpoint far = Endpoint.listen(Path.of("/run/" + "x".repeat(90)), Attach.AUTO);
        Endpoint netdev = Endpoint.listen(Path.of("/run/a.sock"), Attach.NETDEV);
        String longest = "pc-i440fx-jammy-hpb-maxcpus";
        for (List<String> lines : List.of(
                brief(longest, Endpoint.listen(Path.of("/run/vhost4j/a.sock"), Attach.AUTO)),
                brief("pc-q35-10.0"),
                brief("pc-q35-10.0", netdev),
                brief("pc-q35-10.0", far))) {
            assertThat(lines).hasSize(4).allMatch(line -> line.length() <= StartLines.LENGTH);
            assertThat(lines.getLast()).contains("--verbose");
        }
    }

    private static List<String> logged(LogFormat format) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (EventPrinter events = new EventPrinter(
                new LimitedLog(format.json() ? new JsonLines(out, format) : out, "test-log"), format)) {
            events.line("vhost4j: begins");
            events.attached("guest0");
            events.trouble("guest0", "a \"word\"");
            events.stopped("guest0", "why");
        }
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void linesHaveLevels() {
        assertThat(logged(LogFormat.DEFAULT))
                .containsExactly(
                        "vhost4j: begins",
                        "guest0: front-end attached",
                        "warning: guest0: a \"word\"",
                        "error: guest0: device stopped: why");
        assertThat(logged(new LogFormat(LogLevel.WARNING, LogFormat.Style.TEXT)))
                .containsExactly("warning: guest0: a \"word\"", "error: guest0: device stopped: why");
        assertThat(logged(new LogFormat(LogLevel.ERROR, LogFormat.Style.TEXT)))
                .containsExactly("error: guest0: device stopped: why");
        assertThat(logged(new LogFormat(LogLevel.INFO, LogFormat.Style.JOURNAL)))
                .containsExactly(
                        "vhost4j: begins",
                        "guest0: front-end attached",
                        "<4>guest0: a \"word\"",
                        "<3>guest0: device stopped: why");
    }

    @Test
    void theJournalIsKnownByItsFile(@TempDir Path directory) throws IOException {
        Path stream = Files.createFile(directory.resolve("stream"));
        String inode = Files.getAttribute(stream, "unix:ino").toString();
        String variable = Files.getAttribute(stream, "unix:dev") + ":" + inode;
        assertThat(JournalStream.is(stream, variable)).isTrue();
        assertThat(JournalStream.is(Files.createSymbolicLink(directory.resolve("link"), stream), variable))
                .isTrue();
        for (String other : List.of("", "8:", "0:" + inode, variable + "0", "x")) {
            assertThat(JournalStream.is(stream, other)).as(other).isFalse();
        }
        assertThat(JournalStream.is(stream, null)).isFalse();
        assertThat(JournalStream.is(directory.resolve("none"), variable)).isFalse();
    }

    @Test
    void linesCanBeJson() throws IOException {
        List<JsonNode> lines = logged(new LogFormat(LogLevel.INFO, LogFormat.Style.JSON)).stream()
                .map(new JsonMapper()::readTree)
                .toList();
        assertThat(lines)
                .extracting(line -> line.get("level").asString())
                .containsExactly("info", "info", "warning", "error");
        assertThat(lines)
                .extracting(line -> line.get("who").asString())
                .containsExactly("vhost4j", "guest0", "guest0", "guest0");
        assertThat(lines.get(2).get("message").asString()).isEqualTo("a \"word\"");
        assertThat(lines.getFirst().get("message").asString()).isEqualTo("begins");
        assertThat(lines.getFirst().get("time").asString()).endsWith("Z");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonLines stream = new JsonLines(out, new LogFormat(LogLevel.INFO, LogFormat.Style.JSON))) {
            stream.write("tap:tap0: is gone\nWARNING: a library\n".getBytes(StandardCharsets.UTF_8));
        }
        List<JsonNode> others = out.toString(StandardCharsets.UTF_8)
                .lines()
                .map(new JsonMapper()::readTree)
                .toList();
        assertThat(others).extracting(line -> line.get("who").asString()).containsExactly("tap:tap0", "WARNING");
    }
}
