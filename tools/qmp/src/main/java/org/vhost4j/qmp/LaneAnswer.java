// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** Waits for answers of lanes on behalf of a client. */
final class LaneAnswer {
    /**
     * Timeout in seconds. A lane responds within microseconds; if it does not, it hangs, and the client gets an error.
     */
    private static final long PATIENCE_SECONDS = 10;

    private LaneAnswer() {}

    /** Waits for the answer of lanes. */
    static <T> T of(Supplier<CompletableFuture<T>> question) throws QmpError {
        try {
            return question.get().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw QmpError.generic("The back-end ends");
        } catch (IllegalStateException e) {
            throw QmpError.generic("The back-end ends");
        } catch (ExecutionException | TimeoutException e) {
            throw QmpError.generic("The lane does not answer");
        }
    }
}
