// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.qmp.schema.Member;
import org.vhost4j.qmp.schema.Schema;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.tools.probe.JsonSchemas;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** Tests files of {@code run --config}: their meaning, their errors, and their schema. */
class ConfigFileTest {
    private static final Path SCHEMA = Path.of("../../docs/run-config.schema.json");
    private static final Path EXAMPLE = Path.of("../../docs/run-config.example.json");

    @TempDir
    Path directory;

    private static CommandSpec run() {
        return new CommandLine(new RunCommand()).getCommandSpec();
    }

    private Path write(String text) throws IOException {
        return Files.writeString(directory.resolve("run.json"), text.replace('\'', '"'));
    }

    @Test
    void theSchemaIsThatOfTheOptions() throws IOException {
        String schema = ConfigSchema.of(run());
        if (Boolean.getBoolean("vhost4j.write-docs")) {
            Files.writeString(SCHEMA, schema);
        }
        assertThat(SCHEMA).as("run this test with -Dvhost4j.write-docs=true").hasContent(schema);
    }

    @Test
    void theExampleIsRight() throws IOException {
        assertThat(JsonSchemas.problems(Files.readString(SCHEMA), Files.readString(EXAMPLE)))
                .isEmpty();
        ConfigFile file = ConfigFile.read(EXAMPLE, run());
        assertThat(file.guests()).isNotEmpty();
        assertThat(file.ports()).isNotEmpty();
        assertThat(new CommandLine(new RunCommand())
                        .parseArgs(file.arguments().toArray(String[]::new))
                        .errors())
                .isEmpty();
    }

    @Test
    void aFileMeansArguments() throws IOException {
        ConfigFile file = ConfigFile.read(write("""
            {
              'platform': 'linux-6.1', 'lanes': 2, 'coalesce': true, 'idle': 'poll', 'set': ['host_uso=off'],
              'guests': [
                {'socket-path': '/run/a.sock', 'name': 'web', 'tag': 10, 'server': false, 'device-state': 'off'},
                {'trunks': [1, '10-20'], 'fd': 3}
              ],
              'ports': [{'port': 'tap:ifname=tap0', 'trunks': ['5']}, {'port': 'user', 'tag': 7}]
            }
            """), run());
        assertThat(file.arguments())
                .containsExactly(
                        "--platform=linux-6.1",
                        "--lanes=2",
                        "--coalesce=on",
                        "--idle=poll",
                        "--set=host_uso=off",
                        "--socket-path=/run/a.sock,name=web,tag=10,server=off,device-state=off",
                        "--fd=3,trunks=[1,10-20]",
                        "--port=tap:ifname=tap0,trunks=[5]",
                        "--port=user:tag=7");
    }

    static Stream<String> wrong() {
        return Stream.of(
                "{'lanes': 2,\n 'lnaes': 2} | :2:11: /lnaes: there is no setting 'lnaes'; did you mean 'lanes'?",
                "{'lanes': '2'} | :1:11: /lanes: a whole number is expected, and this is \"2\"",
                "{'idle': 'sleep'} | :1:10: /idle: one of adaptive, poll, event is expected, and this is \"sleep\"",
                "{'coalesce': 1} | :1:14: /coalesce: on or off is expected, and this is 1",
                "{'set': 'a=b'} | :1:9: /set: an array of strings is expected, and this is \"a=b\"",
                "{'guests': {}} | :1:12: /guests: an array of objects is expected",
                "{'guests': [7]} | :1:13: /guests/0: an object is expected",
                "{'guests': [{'name': 'a'}]} | :1:13: /guests/0: a guest has either socket-path or fd",
                "{'guests': [{'socket-path': '/a', 'macc': 'x'}]}"
                        + " | :1:43: /guests/0/macc: there is no setting 'macc'; did you mean 'mac'?",
                "{'guests': [{'socket-path': '/a', 'mac': 'x'}]}" + " | :1:13: /guests/0: \"x\" is not a MAC address",
                "{'guests': [{'socket-path': '/a'}, {'socket-path': '/a'}]}"
                        + " | :1:36: /guests/1: another guest has this socket-path",
                "{'guests': [{'socket-path': '/a,b'}]} | :1:29: /guests/0/socket-path: a comma cannot be part of it",
                "{'ports': [{'tag': 5}]} | :1:12: /ports/0: a port has port, such as \"tap:ifname=tap0\"",
                "{'ports': [{'port': 'tap'}]} | :1:12: /ports/0: a TAP needs ifname=NAME of 1 to 15 characters",
                "[] | :1:1: : an object is expected");
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void whatIsWrongIsNamedWithItsPlace(String each) throws IOException {
        String[] parts = each.split(" \\| ", 2);
        Path file = write(parts[0]);
        assertThatThrownBy(() -> ConfigFile.read(file, run()))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessageStartingWith(file + parts[1])
                .message()
                .doesNotContain("\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {"{'lanes': 2,, | :1:13:", "{'lanes': 2, 'lanes': 3} | :1:", "{'lanes': 2} {} | :1:"})
    void whatIsNoJsonIsNamedWithItsPlace(String text, String place) throws IOException {
        Path file = write(text);
        assertThatThrownBy(() -> ConfigFile.read(file, run()))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessageStartingWith(file + place)
                .message()
                .doesNotContain("\n")
                .doesNotContain("Exception");
    }

    @Test
    void aFileThatIsNotThereIsNamed() {
        Path missing = directory.resolve("missing.json");
        assertThatThrownBy(() -> ConfigFile.read(missing, run()))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessage("--config=" + missing + ": is not there");
        assertThatThrownBy(() -> ConfigFile.read(Path.of("/dev/zero"), run()))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessage("--config=/dev/zero: is a device, FIFO or socket, not a regular file");
    }

    @Test
    void theMonitorHasTheSameNames() {
        Schema schema = Schema.load();
        List<String> guest = new ArrayList<>(ConfigSetting.guest().keySet());
        guest.remove(ConfigSetting.DESCRIPTOR);
        assertThat(names(schema, "guest-add")).containsExactlyInAnyOrderElementsOf(guest);
        assertThat(names(schema, "port-add"))
                .containsExactlyInAnyOrderElementsOf(ConfigSetting.port().keySet());
        List<String> served = new ArrayList<>(EndpointOption.OF_SERVED);
        served.add("name");
        assertThat(names(schema, "guest-set")).containsExactlyInAnyOrderElementsOf(served);
        List<String> port = new ArrayList<>(PortSettings.KEYS);
        port.add("name");
        assertThat(names(schema, "port-set")).containsExactlyInAnyOrderElementsOf(port);
    }

    private static List<String> names(Schema schema, String command) {
        return schema.command(command).arguments().members().stream()
                .map(Member::name)
                .toList();
    }
}
