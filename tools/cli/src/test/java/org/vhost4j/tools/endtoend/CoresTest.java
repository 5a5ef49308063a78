// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.sys.CoreSet;
import org.vhost4j.sys.InSharedMemory;
import org.vhost4j.sys.ThreadAffinity;
import org.vhost4j.tools.endtoend.isolation.ChildBackEnd;

/** Tests that lanes run on the configured cores, and all other threads of the process on others. */
@Timeout(60)
class CoresTest {
    @TempDir(factory = InSharedMemory.class)
    Path directory;

    private record Task(String name, String cores) {}

    /** The threads of a process, by their numbers, with the cores that the kernel lets them run on. */
    private static Map<Integer, Task> tasks(long process) throws IOException {
        Map<Integer, Task> tasks = new TreeMap<>();
        try (Stream<Path> all = Files.list(Path.of("/proc/" + process + "/task"))) {
            for (Path task : all.toList()) {
                try {
                    List<String> status = Files.readAllLines(task.resolve("status"));
                    tasks.put(
                            Integer.parseInt(task.getFileName().toString()),
                            new Task(field(status, "Name:"), field(status, "Cpus_allowed_list:")));
                } catch (NoSuchFileException | UncheckedIOException e) {
                    // It has ended.
                }
            }
        }
        return tasks;
    }

    private static String field(List<String> status, String name) {
        return status.stream()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(name.length()).strip())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void eachThreadIsOnItsCores() throws IOException {
        CoreSet allowed = ThreadAffinity.current();
        assertThat(allowed.size()).as("cores of this machine").isGreaterThanOrEqualTo(2);
        String control = Integer.toString(allowed.get(0));
        String lane = Integer.toString(allowed.get(1));
        try (ChildBackEnd backEnd = ChildBackEnd.start(
                directory,
                "run",
                "--socket-path=a.sock",
                "--port=echo",
                "--cores=" + lane,
                "--control-cores=" + control)) {
            backEnd.awaitLine("waiting for a front-end");
            try (NetDriver driver = NetDriver.attach(directory.resolve("a.sock"), NetSetup.full())) {
                for (int i = 0; i < 200; i++) {
                    driver.sendBurst(0, List.of(new byte[64], new byte[1500]), DriverHeader.PLAIN, ChainShape.TOGETHER);
                    driver.awaitSent();
                }
                Map<Integer, Task> tasks = tasks(backEnd.pid());
                assertThat(tasks.values())
                        .filteredOn(task -> task.name().equals("vhost4j-lane0"))
                        .hasSize(1);
                assertThat(tasks.values())
                        .as("compilers, collector, control")
                        .hasSizeGreaterThan(6)
                        .allSatisfy(task -> assertThat(task.cores())
                                .as(task.name())
                                .isEqualTo(task.name().equals("vhost4j-lane0") ? lane : control));
            }
        }
    }

    @Test
    void aCoreThatIsNotThereIsNamed() throws Exception {
        try (ChildBackEnd backEnd =
                ChildBackEnd.start(directory, "run", "--socket-path=a.sock", "--port=echo", "--cores=8191")) {
            assertThat(backEnd.awaitEnd(30)).isEqualTo(2);
            assertThat(backEnd.lines())
                    .containsExactly("vhost4j: --cores=8191: this process may not run on core 8191, only on "
                            + ThreadAffinity.current() + " (taskset, cpuset)");
        }
    }

    @Test
    void controlCoresWantLanes() throws Exception {
        try (ChildBackEnd backEnd =
                ChildBackEnd.start(directory, "run", "--socket-path=a.sock", "--port=echo", "--control-cores=0")) {
            assertThat(backEnd.awaitEnd(30)).isEqualTo(2);
            assertThat(backEnd.lines())
                    .containsExactly(
                            "vhost4j: --control-cores=0: only together with --cores, which names those of the lanes");
        }
    }
}
