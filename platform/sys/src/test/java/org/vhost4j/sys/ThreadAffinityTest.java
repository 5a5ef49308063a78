// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Compares affinities with the kernel's view of a thread. Each test has its own thread, which ends with the test. */
class ThreadAffinityTest {
    private static <T> T inThread(Callable<T> task) throws Exception {
        FutureTask<T> future = new FutureTask<>(task);
        Thread.ofPlatform().start(future);
        return future.get();
    }

    private static String allowed() throws IOException {
        return Files.readAllLines(Path.of("/proc/thread-self/status")).stream()
                .filter(line -> line.startsWith("Cpus_allowed_list:"))
                .map(line -> line.substring("Cpus_allowed_list:".length()).strip())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void theKernelRunsAThreadWhereItIsTold() throws Exception {
        int core = ThreadAffinity.current().get(0);
        String seen = inThread(() -> {
            ThreadAffinity.move(CoreSet.of(IntStream.of(core)));
            assertThat(ThreadAffinity.current()).containsExactly(core);
            return allowed();
        });
        assertThat(seen).isEqualTo(Integer.toString(core));
        assertThat(allowed())
                .as("another thread")
                .isEqualTo(ThreadAffinity.current().toString());
    }

    @Test
    void aThreadThatIsStartedHasTheCoresOfTheOneThatStartsIt() throws Exception {
        CoreSet first = CoreSet.of(IntStream.of(ThreadAffinity.current().get(0)));
        CoreSet inherited = inThread(() -> {
            ThreadAffinity.move(first);
            return inThread(ThreadAffinity::current);
        });
        assertThat(inherited).isEqualTo(first);
    }

    @Test
    void coresThatAreNotThereAreRefused() throws Exception {
        assertThatThrownBy(() -> inThread(() -> {
                    ThreadAffinity.move(CoreSet.parse("8190"));
                    return null;
                }))
                .hasRootCauseInstanceOf(SystemError.class)
                .rootCause()
                .hasMessageContaining("on core 8190: EINVAL");
    }
}
