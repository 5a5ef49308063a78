// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.negotiate;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.vhost4j.conformance.LoopMode;
import org.vhost4j.conformance.negotiate.Combination;
import org.vhost4j.conformance.trace.Trace;
import org.vhost4j.conformance.trace.TraceRecorder;

/**
 * The parameters of a negotiation in a trace, with which it can be repeated.
 *
 * @param combination acknowledged features
 * @param loop how the back-end returned frames; NONE when none were sent, null when it was detected
 * @param seed seed of the frames' contents
 */
record RecordedNegotiation(
        Combination combination, @Nullable LoopMode loop, long seed) {
    private static final String CASE = "case";
    private static final String FEATURES = "features";
    private static final String PROTOCOL = "protocol-features";
    private static final String HIGH = "more-features";
    private static final String LOOP = "loop";
    private static final String SEED = "seed";

    /**
     * Reads the parameters.
     *
     * @throws org.vhost4j.tools.common.UnsupportedOption when a parameter is missing in the trace
     */
    static RecordedNegotiation of(Trace trace) {
        Combination combination = new Combination(
                "replayed",
                trace.required(CASE),
                trace.requiredNumber(FEATURES),
                trace.requiredNumber(PROTOCOL),
                trace.requiredNumber(HIGH));
        return new RecordedNegotiation(
                combination, LoopMode.ofOption(trace.required(LOOP)).orElse(null), trace.requiredNumber(SEED));
    }

    /** Writes the parameters. */
    void writeTo(TraceRecorder recorder) {
        recorder.heading(CASE, combination.name());
        recorder.heading(FEATURES, "0x" + Long.toHexString(combination.features()));
        recorder.heading(PROTOCOL, "0x" + Long.toHexString(combination.protocol()));
        recorder.heading(HIGH, "0x" + Long.toHexString(combination.high()));
        recorder.heading(LOOP, loop == null ? LoopMode.AUTO : loop.name().toLowerCase(Locale.ROOT));
        recorder.heading(SEED, Long.toString(seed));
    }
}
