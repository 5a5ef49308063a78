// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.negotiate;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.vhost4j.conformance.ExpectedFailures;
import org.vhost4j.conformance.negotiate.Attempt;
import org.vhost4j.conformance.negotiate.BitNames;
import org.vhost4j.conformance.negotiate.Combination;
import org.vhost4j.conformance.report.JUnitXml;
import org.vhost4j.conformance.report.JUnitXml.Status;

/** Formats negotiations as JUnit tests for CI servers: one suite for each group of combinations. */
final class JUnitAttempts {
    private static final String PART = "negotiate";

    private final Instant began = Instant.now();
    private final String socket;
    private final ExpectedFailures expected;
    private final Map<String, List<JUnitXml.Test>> groups = new LinkedHashMap<>();
    private boolean failed;

    /**
     * Creates a document without attempts.
     *
     * @param socket path of the back-end's socket
     * @param expected failures that are expected
     */
    JUnitAttempts(String socket, ExpectedFailures expected) {
        this.socket = socket;
        this.expected = expected;
    }

    /** Adds an attempt of a matrix. */
    void add(Attempt attempt) {
        Combination combination = attempt.combination();
        String outcome = attempt.outcome().word();
        List<String> lines = List.of(
                outcome + ": " + attempt.detail(),
                "features: " + BitNames.VIRTIO.inWords(combination.features()),
                "protocol features: " + BitNames.PROTOCOL.inWords(combination.protocol()));
        add(
                combination,
                attempt.isSound()
                        ? test(combination, Status.PASSED, "", "", "")
                        : test(combination, Status.FAILURE, outcome, attempt.detail(), String.join("\n", lines)));
    }

    /** Adds the only attempt, with the expectations that were not met. */
    void add(Combination combination, List<String> unmet) {
        String text = String.join("\n", unmet);
        add(
                combination,
                unmet.isEmpty()
                        ? test(combination, Status.PASSED, "", "", "")
                        : test(combination, Status.FAILURE, "not as expected", unmet.getFirst(), text));
    }

    private void add(Combination combination, JUnitXml.Test test) {
        JUnitXml.Test judged = test.judgedBy(expected);
        failed |= judged.status() == Status.FAILURE;
        groups.computeIfAbsent(combination.group(), group -> new ArrayList<>()).add(judged);
    }

    private static JUnitXml.Test test(
            Combination combination, Status status, String type, String message, String text) {
        String name = combination.name();
        return new JUnitXml.Test(name.substring(0, name.lastIndexOf('.')), name, 0, status, type, message, text);
    }

    /** Returns whether an attempt failed unexpectedly, or passed unexpectedly. */
    boolean failed() {
        return failed;
    }

    /**
     * Returns the document.
     *
     * @param running the combination that is being tried, or null
     * @param stopped the reason why not all were tried; empty when all were, or when the run continues
     */
    String text(@Nullable Combination running, String stopped) {
        JUnitXml xml = new JUnitXml(PART, began, Map.of("socket", socket));
        groups.forEach(xml::suite);
        if (running != null) {
            xml.suite(
                    "at hand",
                    List.of(test(running, Status.ERROR, "not run", "the command was ended during this attempt", "")));
        }
        if (!stopped.isEmpty()) {
            xml.suite("the matrix", List.of(error("negotiate.matrix.all-tried", stopped)));
        }
        return xml.text();
    }

    /** Returns a document with the reason why nothing was tried. */
    String unreached(String why) {
        return new JUnitXml(PART, began, Map.of("socket", socket))
                .suite("the back-end", List.of(error("negotiate.back-end.reached", why)))
                .text();
    }

    private static JUnitXml.Test error(String name, String why) {
        return new JUnitXml.Test(name.substring(0, name.lastIndexOf('.')), name, 0, Status.ERROR, "not run", why, "");
    }
}
