// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.SuiteReport;
import org.vhost4j.conformance.trace.TraceRecorder;
import org.vhost4j.tools.common.FileTrouble;
import org.vhost4j.tools.common.UnsupportedOption;

/** Creates the recorders of {@code --record}, which write a trace for each case. */
final class Recording {
    private final @Nullable Path place;
    private final boolean single;
    private @Nullable SuiteReport known;

    /**
     * Prepares the directory.
     *
     * @param place a directory, which is created, or a file when there is one case; null to record nothing
     * @param cases number of cases
     */
    Recording(@Nullable Path place, int cases) {
        this.place = place;
        this.single = place != null && cases == 1 && !Files.isDirectory(place);
        if (place != null && !single) {
            try {
                Files.createDirectories(place);
            } catch (IOException e) {
                throw new UnsupportedOption(
                        "--record=" + place + ": cannot create the directory: " + FileTrouble.of(e));
            }
        }
    }

    /** Stores the results so far, before the next case begins. */
    void known(SuiteReport report) {
        known = report;
    }

    /** Returns the recorder of a case, or null. */
    @Nullable
    TraceRecorder recorder(Case tried) {
        if (place == null) {
            return null;
        }
        Map<String, String> heading = new LinkedHashMap<>();
        heading.put("case", tried.name());
        heading.put("says", tried.says());
        heading.put("section", tried.section());
        SuiteReport report = known;
        if (report != null) {
            heading.put("back-end", report.label());
            heading.put("reached", report.reached());
            heading.put("suite", report.version());
            heading.put("loop", report.loop().name().toLowerCase(Locale.ROOT));
            heading.put("seed", Long.toString(report.seed()));
        }
        return TraceRecorder.in(single ? place : place.resolve(tried.name() + ".trace"), heading);
    }
}
