// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.sys.PeerProcess;

/**
 * Tests a front-end that acknowledges features faster than the disk writes: at most one task waits, and the last
 * acknowledgement is written.
 */
class AcknowledgementFileTest {
    @TempDir
    Path directory;

    private final List<String> troubles = new ArrayList<>();
    private final SlowDisk disk = new SlowDisk();

    /** An executor that runs its tasks only when the test requests it. */
    private static final class SlowDisk extends AbstractExecutorService {
        private final List<Runnable> waiting = new ArrayList<>();

        @Override
        public void execute(Runnable task) {
            waiting.add(task);
        }

        void work() {
            List.copyOf(waiting).forEach(Runnable::run);
            waiting.clear();
        }

        @Override
        public void shutdown() {}

        @Override
        public List<Runnable> shutdownNow() {
            return waiting;
        }

        @Override
        public boolean isShutdown() {
            return false;
        }

        @Override
        public boolean isTerminated() {
            return false;
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            return false;
        }
    }

    private AcknowledgementFile file() {
        return new AcknowledgementFile(directory.resolve("a.sock"), disk, troubles::add);
    }

    private static Acknowledgement of(long features) {
        return new Acknowledgement(
                FeatureSet.ofWord(features), FeatureSet.ofWord(-1), PeerProcess.numbered(0), "machine a, platform b");
    }

    @Test
    void oneTaskWaitsAndTheLastCounts() {
        AcknowledgementFile file = file();
        for (int i = 0; i < 100_000; i++) {
            file.write(of(i));
        }
        assertThat(disk.waiting).hasSize(1);
        disk.work();
        assertThat(file.read()).hasValue(of(99_999));
        file.write(of(7));
        file.remove();
        assertThat(disk.waiting).hasSize(1);
        disk.work();
        assertThat(file.read()).isEmpty();
        file.remove();
        file.write(of(8));
        disk.work();
        assertThat(file.read()).hasValue(of(8));
        assertThat(troubles).isEmpty();
    }

    @Test
    void anUnreadableFileIsIgnored() throws Exception {
        AcknowledgementFile file = file();
        Files.createSymbolicLink(file.path(), Path.of("/dev/zero"));
        assertThat(file.read()).isEmpty();
        assertThat(troubles)
                .containsExactly("cannot read the record of acknowledged features, so it is ignored: " + file.path()
                        + " is a symbolic link, not a regular file");
        file.write(of(1));
        disk.work();
        assertThat(file.read()).hasValue(of(1));
    }

    /** The path of an inherited socket is known later than its guest, and at a take-over later than what the guest has acknowledged. */
    @Test
    void aFileCanComeLater() {
        AcknowledgementFile file = file();
        file.write(of(7));
        disk.work();
        AcknowledgedFeatures begun = new AcknowledgedFeatures(FeatureSet.EMPTY, "a test", null);
        begun.keepIn(file);
        assertThat(begun.known()).hasValue(of(7));

        AcknowledgedFeatures taken = new AcknowledgedFeatures(of(9).offered().plus(of(9).features()), "a test", null);
        assertThat(taken.takeOver(Optional.of(of(9)))).isEmpty();
        taken.keepIn(file);
        disk.work();
        assertThat(file.read()).hasValue(of(9));
        taken.forget();
        disk.work();
        assertThat(file.path()).doesNotExist();
    }
}
