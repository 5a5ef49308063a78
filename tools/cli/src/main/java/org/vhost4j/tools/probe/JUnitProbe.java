// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.probe;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.vhost4j.conformance.ExpectedFailures;
import org.vhost4j.conformance.report.JUnitXml;
import org.vhost4j.conformance.report.JUnitXml.Status;
import org.vhost4j.frontend.Offer;

/** Formats the results of a probe as JUnit tests for CI servers. */
final class JUnitProbe {
    private static final String PART = "probe";

    private final Instant began = Instant.now();
    private final String socket;

    /** Creates a document for the back-end on a socket. */
    JUnitProbe(String socket) {
        this.socket = socket;
    }

    /** Returns a document with the reason why there are no results, or none yet. */
    String unreached(String why) {
        return document(
                List.of(new JUnitXml.Test(PART, "probe.reached", 0, Status.ERROR, "not run", why, "")), Map.of());
    }

    /** Returns the tests of an offer. */
    static List<JUnitXml.Test> tests(Offer offer, ExpectedFailures expected) {
        return List.of(
                test("probe.answers", "not answered", offer.troubles()).judgedBy(expected),
                test("probe.dependencies", "broken dependency", offer.violations())
                        .judgedBy(expected));
    }

    private static JUnitXml.Test test(String name, String type, List<String> wrong) {
        return wrong.isEmpty()
                ? new JUnitXml.Test(PART, name, 0, Status.PASSED, "", "", "")
                : new JUnitXml.Test(PART, name, 0, Status.FAILURE, type, wrong.getFirst(), String.join("\n", wrong));
    }

    /** Returns the document of an offer. */
    String text(Offer offer, List<JUnitXml.Test> tests) {
        return document(
                tests,
                Map.of(
                        "features", String.join(" ", offer.features().names()),
                        "protocol-features", String.join(" ", offer.protocolNames())));
    }

    private String document(List<JUnitXml.Test> tests, Map<String, String> properties) {
        return new JUnitXml(PART, began, properties).suite(socket, tests).text();
    }
}
