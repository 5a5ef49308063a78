// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets a long command end with a partial result when the process is interrupted (SIGINT, SIGTERM): the signal only sets a flag; the command
 * checks {@link #requested} between two steps, prints its result and calls {@link #close}. The process then ends with the status of the
 * signal, 130 for SIGINT. If the command takes longer than the time limit, the process ends without a result.
 */
public final class Interruption implements AutoCloseable {
    private final Duration patience;
    private final CountDownLatch done = new CountDownLatch(1);
    private final Thread hook = Thread.ofPlatform().name("vhost4j-interruption").unstarted(this::request);
    private final List<Runnable> actions = new ArrayList<>();
    private volatile boolean requested;

    Interruption(Duration patience) {
        this.patience = patience;
    }

    /**
     * Starts to handle the signals.
     *
     * @param patience the time limit, after the signal, for the current step and the result
     * @return the handler, to be closed when the result has been printed
     */
    public static Interruption watch(Duration patience) {
        Interruption interruption = new Interruption(patience);
        try {
            Runtime.getRuntime().addShutdownHook(interruption.hook);
        } catch (IllegalStateException e) {
            // The process is already ending because of the signal.
            interruption.requested = true;
        }
        return interruption;
    }

    /**
     * Returns whether the command is to end.
     *
     * @return true once the process has been interrupted
     */
    public boolean requested() {
        return requested;
    }

    /**
     * Registers what ends the current step, such as killing a program for which the command waits. A terminal sends the signal to these
     * programs too; {@code kill} sends it only to this process.
     *
     * @param action run by another thread when the process is interrupted; run now if it has been
     */
    public synchronized void onRequest(Runnable action) {
        if (requested) {
            action.run();
        } else {
            actions.add(action);
        }
    }

    private synchronized void endStep() {
        requested = true;
        actions.forEach(Runnable::run);
        actions.clear();
    }

    /**
     * Handles the signal: requests the end of the command, and keeps the process alive until the command has ended or
     * the time is over.
     */
    void request() {
        endStep();
        try {
            if (!done.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                System.err.println("vhost4j: interrupted, and no result after " + patience.toSeconds() + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Records that the command has printed its result, so that the process may end. */
    @Override
    public void close() {
        done.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending: its shutdown hook returns by itself.
            return;
        }
    }
}
