// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.probe;

import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.conformance.ExpectedFailures;
import org.vhost4j.tools.common.ReplacedFile;
import picocli.CommandLine.Option;

/** The options for CI servers: a report in their format, and known failures. */
public final class CiOptions {
    @Option(names = "--junit", paramLabel = "FILE", description = "Also write JUnit XML, for CI servers.")
    private @Nullable Path junit;

    @Option(
            names = "--expected",
            paramLabel = "FILE",
            description = "Known failures, one per line: a test's name in the JUnit XML, last day (year-month-day),"
                    + " reason.")
    private @Nullable Path expected;

    /**
     * Returns the known failures.
     *
     * @return the failures in the file; none without a file
     */
    public ExpectedFailures expected() {
        return expected == null
                ? ExpectedFailures.NONE
                : ExpectedFailures.read(expected, LocalDate.now(ZoneOffset.UTC), null);
    }

    /**
     * Writes the report if it was requested.
     *
     * @param text the document
     */
    public void write(Supplier<String> text) {
        if (junit != null) {
            ReplacedFile.write("--junit", junit, text.get());
        }
    }
}
