// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.conformance;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.LoopMode;
import org.vhost4j.conformance.SuiteReport;
import org.vhost4j.conformance.trace.Trace;
import org.vhost4j.conformance.trace.TraceRecorder;
import org.vhost4j.tools.common.UnsupportedOption;

/** A case that runs again as it was recorded, message by message. */
final class Replay {
    private final Trace trace;
    private final long seed;
    private final TraceRecorder now = TraceRecorder.inMemory();

    private Replay(Trace trace, long seed) {
        this.trace = trace;
        this.seed = seed;
    }

    /**
     * Reads a trace.
     *
     * @throws UnsupportedOption when the file is none
     */
    static Replay of(Path file) {
        Trace trace = Trace.read(file);
        String seed = trace.required("seed");
        try {
            return new Replay(trace, Long.parseLong(seed));
        } catch (NumberFormatException e) {
            throw new UnsupportedOption("--replay=" + file + ": the seed '" + seed + "' is no number");
        }
    }

    /** The case's name. */
    String name() {
        return trace.required("case");
    }

    /** What the case was random with. */
    long seed() {
        return seed;
    }

    /** How the back-end returned frames. */
    @Nullable
    LoopMode loop() {
        return LoopMode.ofOption(trace.required("loop")).orElse(null);
    }

    /** The recorder of the case. */
    TraceRecorder recorder(Case tried) {
        return now;
    }

    /** Prints what differs, and returns whether nothing does. */
    boolean end(SuiteReport report, PrintWriter out) {
        String outcome = report.results().getFirst().outcome().word();
        String recorded = trace.heading().getOrDefault("outcome", "no end");
        Optional<String> difference = trace.difference(now.messages());
        List<String> lines = difference
                .map(text -> List.of(text))
                .orElse(List.of(now.messages().size() + " messages, all as recorded"));
        out.println();
        lines.forEach(out::println);
        out.println(
                outcome.equals(recorded)
                        ? "outcome: " + outcome + ", as recorded"
                        : "outcome: " + outcome + ", but " + recorded + " was recorded");
        out.flush();
        return difference.isEmpty() && outcome.equals(recorded);
    }
}
