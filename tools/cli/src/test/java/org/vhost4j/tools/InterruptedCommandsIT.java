// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.sys.Await;

/**
 * SIGINT for commands that start QEMU or DPDK. Only the command gets it, not the programs that it has started, as from {@code kill}: these must end
 * all the same.
 */
@Timeout(600)
class InterruptedCommandsIT {
    /** 128 and SIGINT, as a shell tells it. */
    private static final int INTERRUPTED = 130;

    private static final Duration BOOT = Duration.ofMinutes(5);

    @TempDir
    private Path directory;

    private ChildCommand start(String... arguments) throws IOException {
        return new ChildCommand(directory, "command", "", arguments);
    }

    private static void interrupt(ChildCommand command) throws Exception {
        List<ProcessHandle> started = command.descendants();
        assertThat(started).as(command.err()).isNotEmpty();
        command.signal("INT");
        assertThat(command.status()).as(command.err()).isEqualTo(INTERRUPTED);
        assertThat(command.err()).doesNotContain("\tat ", "no result after");
        Await.until("its programs have ended", () -> started.stream().noneMatch(ProcessHandle::isAlive));
    }

    @Test
    void aDemoThatBootsLeavesNoQemu() throws Exception {
        try (ChildCommand command = start("demo")) {
            Await.until(
                    () -> "both guests boot: " + command.err(),
                    BOOT,
                    () -> command.err().contains("booting two guests")
                            && command.descendants().size() >= 2);
            interrupt(command);
            assertThat(command.out()).contains("interrupted after 0 exchanges");
        }
    }

    @Test
    void aDemoShowsWhatWasExchanged() throws Exception {
        try (ChildCommand command = start("demo", "--seconds=60")) {
            Await.until(
                    () -> "iperf3 runs: " + command.err(),
                    BOOT,
                    () -> command.err().contains("demo: iperf3"));
            interrupt(command);
            assertThat(command.out()).contains("ping, IPv4", "ping, IPv6", "interrupted after 2 exchanges");
        }
    }

    @Test
    void aQemuThatIsKilledWithItsDemoEnds() throws Exception {
        try (ChildCommand command = start("demo")) {
            Await.until(
                    () -> "both guests boot: " + command.err(),
                    BOOT,
                    () -> command.err().contains("booting two guests")
                            && command.descendants().size() >= 2);
            List<ProcessHandle> started = command.descendants();
            command.signal("KILL");
            Await.until("its programs have ended", () -> started.stream().noneMatch(ProcessHandle::isAlive));
        }
    }

    @Test
    void qemuFeaturesShowsTheMachinesSoFar() throws Exception {
        try (ChildCommand command = start("qemu-features")) {
            Await.until(
                    () -> "a machine is observed: " + command.err(),
                    BOOT,
                    () -> command.err().contains(" machines\n")
                            && !command.descendants().isEmpty());
            interrupt(command);
            assertThat(command.out()).contains("pc-q35-").doesNotContain("pc-q35-2.");
        }
    }

    @Test
    void aBenchmarkShowsTheCasesSoFar() throws Exception {
        try (ChildCommand command = start(
                "bench", "peer", "--rows=sends,through", "--quick", "--rounds=1", "--seconds=0.1", "--warm-up=0.1")) {
            Await.until(
                    () -> "a case is complete: " + command.err(),
                    BOOT,
                    () -> command.err().split("    round 1:", -1).length > 2
                            && !command.descendants().isEmpty());
            interrupt(command);
            assertThat(command.out()).contains("64 B");
            assertThat(command.err()).contains("sends: ").doesNotContain("through: ");
        }
    }
}
