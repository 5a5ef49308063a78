// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.Pollable;
import org.vhost4j.sys.HotCalls;
import org.vhost4j.sys.MemoryExhaustion;

/**
 * Calls pollables, catches everything that they throw, and determines which pollable has caused it. The package's description states the
 * rules.
 */
final class FaultGuard {
    private final LaneListener listener;
    private final List<Pollable> pollables = new ArrayList<>();

    /** The pollable that is stopped when an error is thrown outside the try that should have caught it. */
    private @Nullable Pollable current;

    private long faults;

    /**
     * Index of the pollable that is polled first. It changes in each turn, so that a shared budget does not always go to the same pollable.
     */
    private int first;

    FaultGuard(LaneListener listener) {
        this.listener = listener;
    }

    void add(Pollable pollable) {
        if (pollables.contains(pollable)) {
            throw new IllegalStateException(pollable.name() + " is on this lane already");
        }
        pollables.add(pollable);
    }

    boolean remove(Pollable pollable) {
        return pollables.remove(pollable);
    }

    long faults() {
        return faults;
    }

    /** Polls each pollable for one burst; returns the amount of work done, at least 1 when there was a fault. */
    int pollAll() {
        int work = 0;
        try {
            // The list can shrink during the loop, when a pollable's work removes another pollable; then one is not
            // polled before the next turn.
            int size = pollables.size();
            first = first + 1 < size ? first + 1 : 0;
            for (int i = 0; i < size && i < pollables.size(); i++) {
                int at = first + i < size ? first + i : first + i - size;
                Pollable pollable = pollables.get(Math.min(at, pollables.size() - 1));
                current = pollable;
                int done = poll(pollable);
                if (done < 0) {
                    return work + 1;
                }
                work += done;
            }
            current = null;
            return work;
        } catch (Throwable t) {
            blame(current, t);
            return work + 1;
        }
    }

    private int poll(Pollable pollable) {
        try {
            int done = pollable.poll();
            HotCalls.checkpoint();
            return done;
        } catch (Throwable t) {
            blame(pollable, t);
            return -1;
        }
    }

    /** Arms every pollable; returns true when any of them has new work. */
    boolean armAll() {
        boolean work = false;
        for (int i = 0; i < pollables.size(); i++) {
            Pollable pollable = pollables.get(i);
            try {
                work |= pollable.arm();
                HotCalls.checkpoint();
            } catch (Throwable t) {
                blame(pollable, t);
                return true;
            }
        }
        return work;
    }

    /** Disarms every pollable. */
    void disarmAll() {
        for (int i = 0; i < pollables.size(); i++) {
            Pollable pollable = pollables.get(i);
            try {
                pollable.disarm();
                HotCalls.checkpoint();
            } catch (Throwable t) {
                // A pollable that was not disarmed is only notified unnecessarily until the next turn.
                blame(pollable, t);
                return;
            }
        }
    }

    /**
     * Stops the pollable that caused an exception. It was thrown while {@code suspect} was running, or a task or handler if that is null.
     */
    void blame(@Nullable Pollable suspect, Throwable thrown) {
        current = null;
        // The process cannot continue reliably.
        MemoryExhaustion.endIfCauseOf(thrown);
        Throwable cause = owedError(thrown);
        boolean memory = cause instanceof InternalError;
        boolean found = false;
        if (memory) {
            for (Pollable pollable : List.copyOf(pollables)) {
                if (!intact(pollable)) {
                    stop(
                            pollable,
                            "its memory is gone: the file that the front-end shares was shortened, or there is no page"
                                    + " left for it (a full tmpfs, no free huge page)",
                            cause);
                    found = true;
                }
            }
        }
        if (found) {
            return;
        }
        if (suspect == null) {
            report(() -> listener.failed(cause));
        } else if (memory) {
            stop(suspect, "memory that it works on is gone: " + cause.getMessage(), cause);
        } else {
            stop(suspect, "an internal error: " + cause, cause);
        }
    }

    /**
     * Returns the pending memory error if there is one, otherwise the exception. The memory error explains the fault better than an
     * exception that was thrown before it.
     */
    private static Throwable owedError(Throwable thrown) {
        try {
            HotCalls.checkpoint();
            return thrown;
        } catch (InternalError owed) {
            return owed;
        }
    }

    private static boolean intact(Pollable pollable) {
        try {
            boolean intact = pollable.intact();
            HotCalls.checkpoint();
            return intact;
        } catch (Throwable t) {
            MemoryExhaustion.endIfCauseOf(t);
            return false;
        }
    }

    private void stop(Pollable pollable, String reason, Throwable cause) {
        pollables.remove(pollable);
        faults++;
        report(() -> pollable.fault(reason));
        report(() -> listener.faulted(pollable, reason, cause));
    }

    private void report(Runnable message) {
        try {
            message.run();
            HotCalls.checkpoint();
        } catch (Throwable t) {
            MemoryExhaustion.endIfCauseOf(t);
            try {
                listener.failed(t);
                HotCalls.checkpoint();
            } catch (Throwable again) {
                MemoryExhaustion.endIfCauseOf(again);
                // The listener itself has failed, and the error can be reported nowhere else. The lane continues.
            }
        }
    }
}
