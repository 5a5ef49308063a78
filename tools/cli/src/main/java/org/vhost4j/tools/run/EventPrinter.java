// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.PrintStream;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.vhostuser.server.BackendListener;
import org.vhost4j.vhostuser.server.Endpoint;

/**
 * Prints one line for each event. It prints in a thread of its own: a terminal that stands still must not stop a lane.
 */
public final class EventPrinter implements BackendListener, AutoCloseable {
    private final PrintStream out;
    private final ExecutorService printer = Executors.newSingleThreadExecutor(
            task -> Thread.ofPlatform().daemon().name("vhost4j-events").unstarted(task));

    /**
     * A printer.
     *
     * @param out where lines go
     */
    public EventPrinter(PrintStream out) {
        this.out = out;
    }

    /**
     * Prints a line after those before it.
     *
     * @param line without an end of line
     */
    public void line(String line) {
        if (!printer.isShutdown()) {
            printer.execute(() -> {
                out.println(line);
                out.flush();
            });
        }
    }

    @Override
    public void ready(String guest, Endpoint endpoint) {
        line(guest + ": waiting for a front-end on " + endpoint);
    }

    @Override
    public void attached(String guest) {
        line(guest + ": front-end attached");
    }

    @Override
    public void negotiated(String guest, FeatureSet features) {
        line(guest + ": negotiated " + features.hex() + " " + features);
    }

    @Override
    public void link(String guest, boolean up) {
        line(guest + ": link " + (up ? "up" : "down"));
    }

    @Override
    public void detached(String guest, String reason, String counts) {
        line(guest + ": front-end detached: " + reason + "; so far " + counts);
    }

    @Override
    public void stopped(String guest, String reason) {
        line(guest + ": device stopped: " + reason);
    }

    @Override
    public void trouble(String who, String line) {
        line(who + ": " + line);
    }

    /** Waits a moment for what is still to be printed. */
    @Override
    public void close() {
        printer.shutdown();
        try {
            boolean unused = printer.awaitTermination(200, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
