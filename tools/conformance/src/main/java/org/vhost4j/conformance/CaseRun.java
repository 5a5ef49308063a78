// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.driver.DeviceViolationException;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.sys.SystemError;

/** Runs one case in a separate thread, so that it can be abandoned. */
final class CaseRun {
    private final Case tried;
    private final CaseContext context;
    private volatile @Nullable Throwable thrown;

    CaseRun(Case tried, CaseContext context) {
        this.tried = tried;
        this.context = context;
    }

    /**
     * Runs the case.
     *
     * @return evidence of the failure, or null when it passed
     */
    @Nullable
    Evidence evidence(Duration longest) {
        Thread thread =
                Thread.ofPlatform().daemon().name("case-" + tried.name()).start(this::body);
        boolean ended;
        try {
            ended = thread.join(longest);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            ended = false;
        }
        if (!ended) {
            // Its memory stays mapped, because the thread may be using it.
            return evidence("the case did not finish within " + longest.toSeconds() + " s", rule());
        }
        return switch (thrown) {
            case null -> null;
            case NotApplicable e -> null;
            case Violation e -> evidence(String.valueOf(e.getMessage()), e.rule());
            case FrontEndException e -> evidence(String.valueOf(e.getMessage()), rule());
            case DeviceViolationException e -> evidence(String.valueOf(e.getMessage()), rule());
            case SystemError e -> evidence(String.valueOf(e.getMessage()), rule());
            case Throwable e -> throw new IllegalStateException(tried.name() + ": " + e, e);
        };
    }

    /** Returns the reason why the case does not apply, or null. */
    @Nullable
    String skipReason() {
        return thrown instanceof NotApplicable e ? e.getMessage() : null;
    }

    private void body() {
        try (context) {
            tried.body().run(context);
        } catch (Throwable e) {
            thrown = e;
        }
    }

    private String rule() {
        return tried.section() + ": " + tried.says();
    }

    private Evidence evidence(String came, String rule) {
        return new Evidence(notes(), came, rule);
    }

    /** Returns the steps of the case, at least one line. */
    List<String> notes() {
        List<String> done = new ArrayList<>(context.notes());
        return done.isEmpty() ? List.of("the messages that initialize the device") : done;
    }
}
