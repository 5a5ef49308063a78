// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.vhost4j.tools.common.MainClass;
import picocli.CommandLine.Command;

final class Vhost4jTest {
    private static final String[] COMMANDS = {
        "run", "demo", "platform", "probe", "negotiate", "qemu", "qemu-args", "qemu-features", "bench", "conformance"
    };

    @Test
    void childProcessesStartThisClass() {
        assertThat(MainClass.NAME).isEqualTo(Vhost4j.class.getName());
    }

    @Test
    void onlyTheCommandThatIsMeantIsMade() {
        for (String name : COMMANDS) {
            assertThat(Vhost4j.line(name, "--help").getSubcommands()).containsOnlyKeys(name);
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

    @Test
    void anUnknownCommandIsRefusedInOneLine() {
        StringWriter errors = new StringWriter();
        assertThat(Vhost4j.run(new PrintWriter(errors, true), "rnu")).isEqualTo(2);
        assertThat(errors.toString().lines()).hasSize(1).first().asString().startsWith("vhost4j: ");
    }
}
