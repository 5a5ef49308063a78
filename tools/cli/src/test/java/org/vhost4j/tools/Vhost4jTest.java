// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.tools.common.MainClass;
import org.vhost4j.tools.common.Version;
import picocli.CommandLine;
import picocli.CommandLine.Command;

final class Vhost4jTest {
    private static final String[] COMMANDS = {
        "run",
        "top",
        "stats",
        "guest",
        "port",
        "demo",
        "capture",
        "platform",
        "probe",
        "negotiate",
        "qemu",
        "qemu-args",
        "qemu-features",
        "bench",
        "conformance",
        "help",
        "generate-completion",
        "generate-manual"
    };

    @Test
    void childProcessesStartThisClass() {
        assertThat(MainClass.NAME).isEqualTo(Vhost4j.class.getName());
    }

    @Test
    void onlyTheCommandThatIsMeantIsMade() {
        for (String name : COMMANDS) {
            boolean aboutAll = name.equals("help") || name.startsWith("generate-");
            assertThat(Vhost4j.line(name, "--help").getSubcommands())
                    .containsOnlyKeys(aboutAll ? COMMANDS : new String[] {name});
        }
    }

    @Test
    void whatMeansNoCommandHasThemAll() {
        assertThat(Vhost4j.line().getSubcommands()).containsOnlyKeys(COMMANDS);
        assertThat(Vhost4j.line("--version").getSubcommands()).containsOnlyKeys(COMMANDS);
        assertThat(Vhost4j.line("rnu").getSubcommands()).containsOnlyKeys(COMMANDS);
    }

    @Test
    void aCommandIsCalledWhatItCallsItself() {
        Vhost4j.line().getSubcommands().forEach((name, command) -> {
            Object described = command.getCommand();
            assertThat(described.getClass().getAnnotation(Command.class).name()).isEqualTo(name);
        });
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        rnu                          | there is no command 'rnu'; did you mean 'run'? See 'vhost4j help'.
        platform shwo                | there is no command 'shwo'; did you mean 'show'? See 'vhost4j platform --help'.
        run --lanse                  | vhost4j run has no option '--lanse'; did you mean '--lanes'? See 'vhost4j run --help'.
        bench pear                   | there is no command 'pear'; did you mean 'peer'? See 'vhost4j bench --help'.
        bench peer --qiuck           | vhost4j bench peer has no option '--qiuck'; did you mean '--quick'? See 'vhost4j bench peer --help'.
        run -platfrom linux-6.9      | vhost4j run has no option '-platfrom'; did you mean '-platform'? See 'vhost4j run --help'.
        help rnu                     | there is no command 'rnu'; did you mean 'run'? See 'vhost4j help'.
        help platform shwo           | there is no command 'shwo'; did you mean 'show'? See 'vhost4j platform --help'.
        platform help shwo           | there is no command 'shwo'; did you mean 'show'? See 'vhost4j platform --help'.
        probe                        | Missing required parameter: 'SOCKET'. See 'vhost4j probe --help'.
        run --socket-path=/s --set=virtio-net.host_us=on | There is no property 'virtio-net.host_us'; did you mean 'host_uso'?
        demo --accel=kmv             | --accel=kmv: tcg or kvm
        guest ad                     | there is no command 'ad'; did you mean 'add'? See 'vhost4j guest --help'.
        negotiate s --matrix --replay=x | --matrix and --replay: a replay is of one combination
        conformance s --record=x --replay=x | --record and --replay: a replay is compared with the recording, and cannot be recorded itself
        negotiate s --features -VERSION_2 | --features: there is no feature 'VERSION_2' in a word of 64 bits; did you mean 'VERSION_1'?
        probe /tmp/a.sock /tmp/b.sock | vhost4j probe takes no further argument '/tmp/b.sock'. See 'vhost4j probe --help'.
        """)
    void whatIsNotUnderstoodIsRefusedInOneLine(String words, String line) {
        assertThat(errorOf(words)).isEqualTo("vhost4j: " + line + "\n");
    }

    @Test
    void withoutACommandHelpGoesToStandardError() {
        StringWriter errors = new StringWriter();
        assertThat(Vhost4j.run(new PrintWriter(errors, true))).isEqualTo(2);
        assertThat(errors.toString())
                .contains("Usage: vhost4j", "conformance", "help")
                .doesNotContain("generate-completion");
    }

    private static String errorOf(String words) {
        StringWriter errors = new StringWriter();
        assertThat(Vhost4j.run(new PrintWriter(errors, true), words.split(" ", -1)))
                .isEqualTo(2);
        return errors.toString();
    }

    @Test
    void everyCommandAnswersHelpAndVersion() {
        for (CommandLine command : allBelow(Vhost4j.line())) {
            String name = command.getCommandSpec().qualifiedName();
            if (name.equals("vhost4j qemu") || name.equals("vhost4j help")) {
                continue;
            }
            String[] words = name.substring("vhost4j".length()).strip().split(" ", -1);
            assertThat(outputOf(words, "--help")).startsWith("Usage: " + name);
            assertThat(outputOf(words, "-h")).startsWith("Usage: " + name);
            assertThat(outputOf(words, "--version")).isEqualTo("vhost4j " + Version.current() + "\n");
            if (!name.equals("vhost4j negotiate")) {
                assertThat(outputOf(words, "-V")).isEqualTo("vhost4j " + Version.current() + "\n");
            }
            assertThat(command.getCommandSpec().usageMessage().description())
                    .as(name)
                    .isNotEmpty();
        }
        assertThat(outputOf(new String[] {"help"}, "run")).startsWith("Usage: vhost4j run");
        assertThat(outputOf(new String[] {"help", "platform"}, "show")).startsWith("Usage: vhost4j platform show");
        assertThat(outputOf(new String[] {"platform", "help"}, "show")).startsWith("Usage: vhost4j platform show");
        assertThat(outputOf(new String[] {"conformance"}, "help")).startsWith("Usage: vhost4j conformance");
        assertThat(outputOf(new String[] {"conformance", "help"}, "matrix"))
                .startsWith("Usage: vhost4j conformance matrix");
        assertThat(outputOf(new String[] {"guest"}, "help"))
                .startsWith("Usage: vhost4j guest")
                .doesNotContain("Prints the help of a command");
    }

    private static List<CommandLine> allBelow(CommandLine line) {
        List<CommandLine> all = new ArrayList<>(List.of(line));
        line.getSubcommands().values().forEach(sub -> all.addAll(allBelow(sub)));
        return all;
    }

    private static String outputOf(String[] words, String last) {
        List<String> arguments = new ArrayList<>(List.of(words));
        arguments.remove("");
        arguments.add(last);
        StringWriter out = new StringWriter();
        int status = Vhost4j.line(arguments.toArray(String[]::new))
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(out, true))
                .execute(arguments.toArray(String[]::new));
        assertThat(status).as(String.join(" ", arguments)).isZero();
        return out.toString();
    }

    @Test
    void completionKnowsCommandsAndOptions() {
        assertThat(outputOf(new String[] {}, "generate-completion"))
                .contains("complete -F", "conformance", "--take-over");
    }
}
