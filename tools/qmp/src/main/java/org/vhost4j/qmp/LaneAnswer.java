// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** What lanes are asked on behalf of a client. */
final class LaneAnswer {
    /** A lane looks within microseconds; one that does not hangs, and the client is told. */
    private static final long PATIENCE_SECONDS = 10;

    private LaneAnswer() {}

    /** Waits for what lanes answer. */
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
