// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.tap;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.sys.ControlThread;
import org.vhost4j.sys.SystemError;

/**
 * Reopens the TAP of a port whose interface was removed, as soon as an interface of that name exists again. A separate thread searches for
 * the interface, and opens and closes TAPs: these calls may wait for the kernel's network configuration and would block a lane. The thread
 * ends with the search.
 *
 * <p>It never creates a missing interface: that is left to the process that removed it, which knows its settings.
 */
public final class TapRejoin implements AutoCloseable {
    private static final long LOOK_EVERY_NANOS = 250_000_000;

    private final TapPort port;
    private final Lane lane;
    private final String ifname;
    private final Supplier<TapDevice> open;
    private final Consumer<String> lines;
    private volatile boolean closed;

    /**
     * Registers for the removal of the port's interface. Called by the lane's thread, whose network namespace is that of the interface.
     *
     * @param port the port, on the lane
     * @param lane lane of the port
     * @param ifname the interface's name
     * @param open opens the TAP again with its original settings
     * @param lines receives a line when the interface was removed, when it exists and cannot be joined, and when it was
     *     joined again; called by several threads
     */
    public TapRejoin(TapPort port, Lane lane, String ifname, Supplier<TapDevice> open, Consumer<String> lines) {
        this.port = port;
        this.lane = lane;
        this.ifname = ifname;
        this.open = open;
        this.lines = lines;
        port.whenRemoved(this::begin);
    }

    private void begin() {
        lines.accept("interface " + ifname + " was removed; it is joined again when there is one of that name");
        // Created by the lane's thread, so that it has the same network namespace.
        ControlThread.start("vhost4j-tap-" + ifname, this::look);
    }

    private void look() {
        String lastReason = "";
        while (!closed) {
            LockSupport.parkNanos(LOOK_EVERY_NANOS);
            if (closed || !exists(ifname)) {
                continue;
            }
            try {
                if (join(open.get())) {
                    return;
                }
            } catch (SystemError e) {
                String reason = String.valueOf(e.getMessage());
                if (!reason.equals(lastReason)) {
                    lines.accept(reason);
                    lastReason = reason;
                }
            }
        }
    }

    /** Passes the opened TAP to the port; returns true when the search has finished. */
    private boolean join(TapDevice again) {
        try {
            int offloads = port.receiveOffloads();
            again.offloads(offloads);
            TapDevice before = lane.submit(() -> {
                        TapDevice old = port.rejoin(again);
                        if (port.receiveOffloads() != offloads) {
                            port.receiveOffloads(port.receiveOffloads());
                        }
                        return old;
                    })
                    .join();
            before.close();
        } catch (SystemError e) {
            again.close();
            throw e;
        } catch (CompletionException | IllegalStateException e) {
            // The lane has ended, or cannot watch the TAP.
            again.close();
            if (!closed) {
                lines.accept("interface " + ifname + " exists again and cannot be joined: " + e.getMessage());
            }
            return closed;
        }
        lines.accept("interface " + ifname + " exists again and was joined");
        return true;
    }

    /** Returns whether the calling thread's network namespace has an interface of that name. */
    static boolean exists(String ifname) {
        try {
            return Files.readAllLines(Path.of("/proc/thread-self/net/dev")).stream()
                    .anyMatch(line -> line.strip().startsWith(ifname + ":"));
        } catch (IOException e) {
            return false;
        }
    }

    /** Ends the search, if there is one. */
    @Override
    public void close() {
        closed = true;
    }
}
