// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.junit;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseResult;
import org.vhost4j.conformance.Evidence;
import org.vhost4j.conformance.Suite;
import org.vhost4j.conformance.cases.Catalog;

/** Runs the suite against the back-end of a test class. */
public final class Conformance {
    private final Suite.Session session;

    Conformance(Suite.Session session) {
        this.session = session;
    }

    /**
     * Returns cases as tests, for a method with {@code @TestFactory}. A case that needs features that the back-end does
     * not offer is aborted, which reports show as skipped.
     *
     * @param patterns names in which {@code *} stands for any characters; none for every case
     * @return a test for each case, in the order of the suite
     * @throws org.vhost4j.tools.common.UnsupportedOption when a pattern matches no case
     */
    public Stream<DynamicTest> tests(String... patterns) {
        return Catalog.select(List.of(patterns)).stream()
                .map(each -> DynamicTest.dynamicTest(each.name(), () -> check(each)));
    }

    /**
     * Runs one case and returns its result, also when it fails.
     *
     * @param name name of the case
     * @return the result, with evidence when it failed
     * @throws org.vhost4j.tools.common.UnsupportedOption when no case has that name
     */
    public CaseResult run(String name) {
        return session.run(Catalog.select(List.of(name)).getFirst());
    }

    private void check(Case tried) {
        CaseResult result = session.run(tried);
        Evidence evidence = result.evidence();
        String why = result.outcome().text() + ": "
                + (evidence == null ? result.reason() : String.join("\n", evidence.lines()));
        switch (result.outcome()) {
            case PASS -> {}
            case FAIL, UNEXPECTED_PASS, NOT_RUN -> Assertions.fail(why);
            case EXPECTED_FAIL, NOT_OFFERED, NOT_APPLICABLE -> Assumptions.abort(why);
        }
    }
}
