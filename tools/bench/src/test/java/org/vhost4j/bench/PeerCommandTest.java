// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.tools.common.UnsupportedOption;
import picocli.CommandLine;

class PeerCommandTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --rounds=0            | --rounds=0: from 1 to 1000
            --seconds=0           | --seconds=0.0: from 0.1 to 3600 seconds
            --seconds=NaN         | --seconds=NaN: from 0.1 to 3600 seconds
            --warm-up=-1          | --warm-up=-1.0: from 0.0 to 3600 seconds
            --steady=0.5          | --steady=0.5: from 1.0 to 3600 seconds
            --rows=sends,arrives  | --rows=arrives: there are sends, receives, through, drain, logging, super-frames, round-trip, idle, memory, start, warm-up, scaling, steady, host-tcp
            --quick --full        | --quick and --full cannot be given together
            --html=/nowhere/a     | --html=/nowhere/a: a file cannot be created there
            --back-end-core=0     | --front-end-core and --back-end-core are both 0: each side polls continuously and needs its own core
            --back-end-core=99999 | --back-end-core=99999: this host has no such core
            """)
    void whatCannotBeMeasuredIsRefused(String options, String message) {
        CommandLine line = new CommandLine(new PeerCommand())
                .setExecutionExceptionHandler((exception, command, parsed) -> {
                    throw exception;
                });
        PeerCommand command = line.getCommand();
        line.parseArgs(options.split(" ", -1));
        assertThatThrownBy(command::call).isInstanceOf(UnsupportedOption.class).hasMessage(message);
    }
}
