// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.OpenDescriptors;
import org.vhost4j.sys.UnixAddress;

class UnixConnectorTest {
    private final OnLoop on = new OnLoop();
    private final BlockingQueue<Fd> connected = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> waiting = new LinkedBlockingQueue<>();
    private OpenDescriptors before;

    @TempDir
    private Path directory;

    private final UnixConnector.Handler handler = new UnixConnector.Handler() {
        @Override
        public void connected(Fd connection) {
            connected.add(connection);
        }

        @Override
        public void waiting(String reason) {
            waiting.add(reason);
        }
    };

    @BeforeEach
    void count() {
        on.run(() -> 0);
        before = OpenDescriptors.now();
    }

    @AfterEach
    void nothingIsLeft() {
        before.awaitNoOthers();
        on.close();
        assertThat(on.failures).isEmpty();
    }

    private UnixConnector start(Path path) {
        return on.run(() -> {
            UnixConnector connector = new UnixConnector(on.loop, path, 1, 4, handler);
            connector.connect();
            connector.connect();
            return connector;
        });
    }

    @Test
    void waitsUntilTheOtherSideIsThereAndConnectsAgain() {
        Path path = directory.resolve("a.sock");
        UnixConnector connector = start(path);
        assertThat(OnLoop.next(waiting)).isEqualTo("waiting for " + path + ": ENOENT (No such file or directory)");
        try (Fd dead = UnixAddress.socket()) {
            assertThat(UnixAddress.of(path).bind(dead)).isZero();
            assertThat(OnLoop.next(waiting)).isEqualTo("waiting for " + path + ": ECONNREFUSED (Connection refused)");
        }
        BlockingQueue<Fd> accepted = new LinkedBlockingQueue<>();
        for (int round = 0; round < 2; round++) {
            UnixListener listener = on.run(() -> UnixListener.bind(on.loop, path, accepted::add));
            try (Fd client = OnLoop.next(connected);
                    Fd server = OnLoop.next(accepted)) {
                assertThat(client.number()).isNotEqualTo(server.number());
            }
            on.run(() -> {
                listener.close();
                connector.connect();
                return 0;
            });
            assertThat(OnLoop.next(waiting)).contains("ENOENT");
        }
        on.run(() -> {
            connector.close();
            connector.close();
            return 0;
        });
        assertThat(connected).isEmpty();
    }

    @Test
    void closingStopsTheAttempts() {
        Path path = directory.resolve("a.sock");
        UnixConnector connector = start(path);
        OnLoop.next(waiting);
        BlockingQueue<Fd> accepted = new LinkedBlockingQueue<>();
        UnixListener listener = on.run(() -> {
            connector.close();
            connector.connect();
            // Every attempt that was scheduled would be due before this.
            var _ = on.loop.schedule(() -> waiting.add("later"), 20, TimeUnit.MILLISECONDS);
            return UnixListener.bind(on.loop, path, accepted::add);
        });
        assertThat(OnLoop.next(waiting)).isEqualTo("later");
        assertThat(connected).isEmpty();
        assertThat(accepted).isEmpty();
        on.run(() -> {
            listener.close();
            return 0;
        });
    }
}
