// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.conformance;

import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.LoopMode;
import org.vhost4j.conformance.SuiteReport;
import org.vhost4j.conformance.trace.Trace;
import org.vhost4j.conformance.trace.TraceRecorder;
import org.vhost4j.tools.common.UnsupportedOption;

/** Replays a recorded case and compares each message. */
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
     * @throws UnsupportedOption when the file is not a trace
     */
    static Replay of(Path file) {
        Trace trace = Trace.read(file);
        String command = trace.heading().get("command");
        if (command != null) {
            throw new UnsupportedOption("--replay=" + file + " is a trace of '" + command + "', not of 'conformance'");
        }
        return new Replay(trace, trace.requiredNumber("seed"));
    }

    /** Returns the name of the case. */
    String name() {
        return trace.required("case");
    }

    /** Returns the seed of the case's random values. */
    long seed() {
        return seed;
    }

    /** Returns the way in which the back-end returned frames. */
    @Nullable
    LoopMode loop() {
        return LoopMode.ofOption(trace.required("loop")).orElse(null);
    }

    /** Returns the recorder of the case. */
    TraceRecorder recorder(Case tried) {
        return now;
    }

    /** Prints the differences, and returns whether there are none. */
    boolean end(SuiteReport report, PrintWriter out) {
        String outcome = report.results().getFirst().outcome().word();
        Trace.Comparison comparison = trace.compare(now.messages(), outcome);
        out.println();
        out.print(comparison.text());
        out.flush();
        return comparison.same();
    }
}
