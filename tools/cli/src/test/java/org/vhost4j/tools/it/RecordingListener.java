// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.vhostuser.server.SilentListener;

/** Records the events of a back-end, which its lane adds and the test reads. */
final class RecordingListener extends SilentListener {
    private static final long PATIENCE_SECONDS = 60;

    private final List<String> troubles = new CopyOnWriteArrayList<>();
    private final LinkedBlockingQueue<FeatureSet> negotiated = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<String> detached = new LinkedBlockingQueue<>();

    @Override
    public void negotiated(String guest, FeatureSet features) {
        negotiated.add(features);
    }

    @Override
    public void detached(String guest, String reason, String counts) {
        detached.add(reason);
    }

    @Override
    public void stopped(String guest, String reason) {
        troubles.add(guest + " stopped: " + reason);
    }

    @Override
    public void trouble(String who, String line) {
        troubles.add(who + ": " + line);
    }

    /** The features of the next driver. */
    FeatureSet awaitNegotiated() {
        return next(negotiated, "negotiated features");
    }

    /** Why the next front-end left. */
    String awaitDetached() {
        return next(detached, "a front-end that detaches");
    }

    private static <T> T next(LinkedBlockingQueue<T> events, String what) {
        try {
            T event = events.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            assertThat(event).as(what).isNotNull();
            return event;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for " + what, e);
        }
    }

    /** What was refused, stopped or wrong. */
    List<String> troubles() {
        return troubles;
    }
}
