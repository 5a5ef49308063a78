// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.conformance;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.conformance.SuiteReport;
import org.vhost4j.conformance.report.HtmlReport;
import org.vhost4j.conformance.report.JUnitReport;
import org.vhost4j.conformance.report.JUnitXml;
import org.vhost4j.tools.common.ReplacedFile;
import picocli.CommandLine.Option;

/** Writes the files of a report. Each file is complete at all times. */
final class ReportFiles {
    @Option(names = "--junit", paramLabel = "FILE", description = "Also write JUnit XML, for CI servers, case by case.")
    private @Nullable Path junit;

    @Option(names = "--html", paramLabel = "FILE", description = "Also write an HTML page.")
    private @Nullable Path html;

    @Option(names = "--json", paramLabel = "FILE", description = "Also write JSON, which 'matrix' reads.")
    private @Nullable Path json;

    /** Writes every requested file. */
    void write(SuiteReport report) {
        write("--junit", junit, () -> JUnitReport.text(report));
        write("--html", html, () -> HtmlReport.text(report));
        write("--json", json, () -> JsonReport.text(report));
    }

    /**
     * Writes JUnit XML with the reason why there are no results, so that a CI server does not use the previous report.
     */
    void unreached(String label, String why) {
        write(
                "--junit",
                junit,
                () -> new JUnitXml("conformance", Instant.now(), Map.of("back-end", label))
                        .suite(
                                "the back-end",
                                List.of(new JUnitXml.Test(
                                        "conformance.back-end",
                                        "conformance.back-end.reached",
                                        0,
                                        JUnitXml.Status.ERROR,
                                        "not run",
                                        why,
                                        "")))
                        .text());
    }

    private static void write(String option, @Nullable Path file, Supplier<String> text) {
        if (file != null) {
            ReplacedFile.write(option, file, text.get());
        }
    }
}
