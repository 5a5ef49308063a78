// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.vhost4j.tools.common.UnsupportedOption;

/**
 * Cases that are known to fail, from a file with one entry a line: the name of the case ({@code *} stands for any characters), the last day
 * on which the failure is accepted (year-month-day), and the reason. Empty lines and lines that begin with {@code #} are comments.
 *
 * <p>A day that has passed is an error, so that known failures are reviewed. A case that passes although it is expected
 * to fail is a failure, so that the entry is removed.
 */
public final class ExpectedFailures {
    /** An empty list: no failure is expected. */
    public static final ExpectedFailures NONE = new ExpectedFailures("", List.of());

    private static final int COLUMNS = 3;

    /**
     * One entry of the file.
     *
     * @param line the line number in the file, from 1
     * @param cases the pattern for the names of the cases
     * @param until the last day on which the failure is accepted
     * @param reason why the cases fail
     */
    public record Entry(int line, NamePattern cases, LocalDate until, String reason) {}

    private final String file;
    private final List<Entry> entries;

    private ExpectedFailures(String file, List<Entry> entries) {
        this.file = file;
        this.entries = List.copyOf(entries);
    }

    /**
     * Reads a file of expected failures.
     *
     * @param file the file
     * @param today the date that the entries are compared with
     * @param names the names of all cases, one of which each entry must match; or null when they are not known
     * @return the entries of the file
     * @throws UnsupportedOption when the file cannot be read, or a line is malformed, has expired, or matches no case
     */
    public static ExpectedFailures read(Path file, LocalDate today, @Nullable List<String> names) {
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (IOException e) {
            throw new UnsupportedOption("--expected=" + file + " cannot be read: " + e.getMessage());
        }
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (!line.isEmpty() && !line.startsWith("#")) {
                String place = file + ", line " + (i + 1) + ": ";
                entries.add(entry(place, i + 1, line, today, names));
            }
        }
        return new ExpectedFailures(file.toString(), entries);
    }

    private static Entry entry(String place, int number, String line, LocalDate today, @Nullable List<String> names) {
        String[] columns = line.split("\\s+", COLUMNS);
        if (columns.length < COLUMNS) {
            throw new UnsupportedOption(
                    place + "'" + line + "' is not CASE UNTIL REASON, such as 'rx.ufo 2027-06-30 the header is lost'");
        }
        NamePattern cases = new NamePattern(columns[0]);
        LocalDate until;
        try {
            until = LocalDate.parse(columns[1]);
        } catch (DateTimeParseException e) {
            throw new UnsupportedOption(place + "'" + columns[1] + "' is not a date such as 2027-06-30");
        }
        if (until.isBefore(today)) {
            throw new UnsupportedOption(place + columns[0] + " was expected to fail until " + until + " (" + columns[2]
                    + "): remove the line or change its date");
        }
        if (names != null && names.stream().noneMatch(cases::matches)) {
            throw new UnsupportedOption(place + "no case has the name '" + columns[0] + "'");
        }
        return new Entry(number, cases, until, columns[2]);
    }

    /**
     * Finds the entry for a case.
     *
     * @param name the name of the case
     * @return the first entry that matches it, or nothing
     */
    public Optional<Entry> of(String name) {
        return entries.stream().filter(each -> each.cases().matches(name)).findFirst();
    }

    /**
     * Formats the reason why a failure is expected.
     *
     * @param entry the entry in the file
     * @return one clause
     */
    public String why(Entry entry) {
        return entry.reason() + " (until " + entry.until() + ")";
    }

    /**
     * Formats the message for a case that passed although it was expected to fail.
     *
     * @param entry the entry in the file
     * @return one clause that names the line to remove
     */
    public String passed(Entry entry) {
        return "it was expected to fail: " + entry.reason() + "; remove line " + entry.line() + " of " + file;
    }

    /**
     * Applies the file to a result: turns an expected failure into no failure, and an unexpected pass into a failure.
     */
    CaseResult judged(CaseResult result) {
        Entry entry = of(result.tried().name()).orElse(null);
        if (entry == null) {
            return result;
        }
        return switch (result.outcome()) {
            case FAIL ->
                new CaseResult(result.tried(), Outcome.EXPECTED_FAIL, why(entry), result.evidence(), result.millis());
            case PASS -> new CaseResult(result.tried(), Outcome.UNEXPECTED_PASS, passed(entry), null, result.millis());
            default -> result;
        };
    }
}
