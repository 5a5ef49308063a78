// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.vhost4j.qmp.Served;
import org.vhost4j.vhostuser.server.DeviceSnapshot;
import org.vhost4j.vhostuser.server.StationSnapshot;

/**
 * Reads state that only lanes have, between two bursts. If a lane does not respond, the result is empty, and nothing
 * else is delayed.
 */
final class SnapshotOfLanes {
    private static final long PATIENCE_SECONDS = 2;

    private final Served served;

    SnapshotOfLanes(Served served) {
        this.served = served;
    }

    /** Returns the guests' devices; none when a lane does not respond. */
    List<DeviceSnapshot> devices() {
        return ask(() -> served.backend().devices());
    }

    /** Returns stations, up to a maximum number for each port; none when a lane does not respond. */
    List<StationSnapshot> stations(int most) {
        return ask(() -> served.backend().stations(most));
    }

    private static <T> List<T> ask(Supplier<CompletableFuture<List<T>>> question) {
        try {
            return question.get().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        } catch (ExecutionException | TimeoutException | IllegalStateException e) {
            return List.of();
        }
    }
}
