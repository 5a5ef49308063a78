// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.Locale;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.sys.LimitedLog;
import org.vhost4j.vhostuser.server.BackendListener;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.ServedChange;

/** Prints one line for each event. The lines of each guest are limited, because front-ends cause most of them. */
public final class EventPrinter implements BackendListener, AutoCloseable {
    private final LimitedLog log;
    private final LogFormat format;

    /**
     * Creates a printer.
     *
     * @param log log for the lines
     */
    public EventPrinter(LimitedLog log) {
        this(log, LogFormat.DEFAULT);
    }

    /**
     * Creates a printer of selected lines.
     *
     * @param log log for the lines
     * @param format format and least level of the lines
     */
    EventPrinter(LimitedLog log, LogFormat format) {
        this.log = log;
        this.format = format;
    }

    /**
     * Prints a line of the program itself, in order with the lines of events.
     *
     * @param line the line, without a line end
     */
    public void line(String line) {
        if (format.has(LogLevel.INFO)) {
            log.line(format.line(LogLevel.INFO, "", line));
        }
    }

    /**
     * Prints a warning of the program itself, in order with the lines of events.
     *
     * @param line the line, without a line end
     */
    void warning(String line) {
        if (format.has(LogLevel.WARNING)) {
            log.line(format.line(LogLevel.WARNING, "", line));
        }
    }

    /**
     * Prints a line that a guest, a port or a client causes.
     *
     * @param who source whose lines are limited together; the line begins with it
     * @param line the rest of the line
     */
    void caused(String who, String line) {
        caused(LogLevel.WARNING, who, line);
    }

    private void caused(LogLevel level, String who, String line) {
        if (format.has(level)) {
            log.line(who, format.line(level, who, line));
        }
    }

    @Override
    public void ready(String guest, Endpoint endpoint) {
        caused(LogLevel.INFO, guest, "waiting for a front-end on " + endpoint);
    }

    @Override
    public void attached(String guest) {
        caused(LogLevel.INFO, guest, "front-end attached");
    }

    @Override
    public void negotiated(String guest, FeatureSet features) {
        caused(LogLevel.INFO, guest, "negotiated " + features.hex() + " " + features);
    }

    @Override
    public void link(String guest, boolean up) {
        caused(LogLevel.INFO, guest, "link " + (up ? "up" : "down"));
    }

    @Override
    public void detached(String guest, String reason, String counts) {
        caused(LogLevel.INFO, guest, "front-end detached: " + reason + "; so far " + counts);
    }

    @Override
    public void stopped(String guest, String reason) {
        caused(LogLevel.ERROR, guest, "device stopped: " + reason);
    }

    @Override
    public void changed(ServedChange change) {
        caused(LogLevel.INFO, change.name(), change.what().name().toLowerCase(Locale.ROOT));
    }

    @Override
    public void trouble(String who, String line) {
        caused(who, line);
    }

    /** Waits a short time until all lines are printed. */
    @Override
    public void close() {
        log.close();
    }
}
