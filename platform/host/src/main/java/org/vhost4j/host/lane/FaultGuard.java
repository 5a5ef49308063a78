// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.Pollable;
import org.vhost4j.sys.HotCalls;
import org.vhost4j.sys.MemoryExhaustion;

/**
 * Enters pollables so that nothing they throw gets out, and finds out whose fault it was. The package's description has the
 * rules.
 */
final class FaultGuard {
    private final LaneListener listener;
    private final List<Pollable> pollables = new ArrayList<>();

    /** Which pollable to blame when an error surfaces outside the try that should have caught it. */
    private @Nullable Pollable current;

    private long faults;

    /** Who is polled first: another one in each turn, so that what all share out of a budget does not always go to the same. */
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
            // The list can shrink while we walk it, when a pollable's work ends another's; then one of them waits a
            // turn.
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

    /** Arms every pollable; true when one has work after all. */
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
                // Who was not disarmed is kicked without need, which is harmless until the next turn sees to it.
                blame(pollable, t);
                return;
            }
        }
    }

    /** Stops the pollable to blame for what was thrown while {@code suspect}, or a task or handler when null, was at work. */
    void blame(@Nullable Pollable suspect, Throwable thrown) {
        current = null;
        // Nothing that follows would be reliable.
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
            tell(() -> listener.failed(cause));
        } else if (memory) {
            stop(suspect, "memory that it works on is gone: " + cause.getMessage(), cause);
        } else {
            stop(suspect, "an internal error: " + cause, cause);
        }
    }

    /** An error may still be owed after an exception that was faster; it is the better explanation. */
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
        tell(() -> pollable.fault(reason));
        tell(() -> listener.faulted(pollable, reason, cause));
    }

    private void tell(Runnable message) {
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
                // The listener itself is broken: no one is left to tell, and the lane continues.
            }
        }
    }
}
