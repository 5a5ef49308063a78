// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.conformance;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vhost4j.platform.probe.LimitedJson;
import org.vhost4j.sys.BoundedFile;
import org.vhost4j.tools.common.UnsupportedOption;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Several back-ends side by side, from their JSON reports, as Markdown. */
public final class Matrix {
    /** A report of 200 cases has 100 KiB, and with the evidence of many failures a few times that. */
    private static final int MOST_BYTES = 4 << 20;

    private static final long MOST_TOKENS = 100_000;
    private static final JsonMapper MAPPER = LimitedJson.reader(MOST_TOKENS);

    private final List<JsonNode> reports;

    private Matrix(List<JsonNode> reports) {
        this.reports = reports;
    }

    /**
     * Reads reports.
     *
     * @param files what {@code --json} wrote
     * @return the matrix
     * @throws UnsupportedOption when a file is no such report
     * @throws IOException when a file cannot be read
     */
    public static Matrix of(List<Path> files) throws IOException {
        List<JsonNode> reports = new ArrayList<>();
        for (Path file : files) {
            try {
                JsonNode report = MAPPER.readTree(BoundedFile.readText(file, MOST_BYTES));
                if (report.path(JsonReport.FORMAT).asInt(0) != 1) {
                    throw new UnsupportedOption(file + " is no report of this suite");
                }
                reports.add(report);
            } catch (JacksonException e) {
                throw new UnsupportedOption(file + " is not JSON: " + LimitedJson.reason(e));
            }
        }
        return new Matrix(reports);
    }

    /**
     * The matrix.
     *
     * @return Markdown: counts, a row for each case, and what failed
     */
    public String markdown() {
        StringBuilder text = new StringBuilder();
        text.append(
                "| back-end | tried | passed | failed | not offered | not applicable |\n|---|---|---|---|---|---|\n");
        for (JsonNode report : reports) {
            JsonNode counts = report.path("counts");
            text.append("| %s | %s | %d | %d | %d | %d |%n"
                    .formatted(
                            name(report),
                            report.path("began").asString("").substring(0, 10),
                            counts.path("pass").asInt(0),
                            counts.path("fail").asInt(0),
                            counts.path("not-offered").asInt(0),
                            counts.path("not-applicable").asInt(0)));
        }
        cases(text);
        failures(text);
        return text.toString();
    }

    /**
     * The matrix for programs.
     *
     * @return a JSON object, with a line end: the back-ends with their counts, and each case with its outcome for each of them
     */
    public String json() {
        ObjectNode root = MAPPER.createObjectNode().put("vhost4j-conformance-matrix", 1);
        ArrayNode backEnds = root.putArray("back-ends");
        for (JsonNode report : reports) {
            ObjectNode one = backEnds.addObject()
                    .put("name", name(report))
                    .put("began", report.path("began").asString(""));
            one.set("counts", report.path("counts"));
        }
        ArrayNode cases = root.putArray("cases");
        groups().forEach((area, names) -> names.forEach(name -> {
            ArrayNode outcomes =
                    cases.addObject().put("name", name).put("area", area).putArray("outcomes");
            reports.forEach(
                    report -> outcomes.add(find(report, name).path("outcome").asString("")));
        }));
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
    }

    private static String name(JsonNode report) {
        return report.path("back-end").asString("?");
    }

    /** Every case that some report has, in the order in which the first of them does, with the group it belongs to. */
    private Map<String, List<String>> groups() {
        Map<String, List<String>> groups = new LinkedHashMap<>();
        for (JsonNode report : reports) {
            for (JsonNode one : report.path("cases")) {
                List<String> names = groups.computeIfAbsent(one.path("area").asString(""), group -> new ArrayList<>());
                String name = one.path("name").asString("");
                if (!names.contains(name)) {
                    names.add(name);
                }
            }
        }
        return groups;
    }

    private void cases(StringBuilder text) {
        groups().forEach((group, names) -> {
            text.append("\n### %s%n%n| case |".formatted(group));
            reports.forEach(report -> text.append(" %s |".formatted(name(report))));
            text.append("\n|---|").append("---|".repeat(reports.size())).append('\n');
            for (String name : names) {
                text.append("| `%s` |".formatted(name));
                for (JsonNode report : reports) {
                    text.append(" %s |".formatted(cell(find(report, name))));
                }
                text.append('\n');
            }
        });
    }

    private static JsonNode find(JsonNode report, String name) {
        for (JsonNode one : report.path("cases")) {
            if (one.path("name").asString("").equals(name)) {
                return one;
            }
        }
        return MAPPER.createObjectNode();
    }

    private static String cell(JsonNode one) {
        return switch (one.path("outcome").asString("")) {
            case "pass" -> "pass";
            case "fail" -> "**fail**";
            case "fails-as-expected" -> "**fail** (expected)";
            case "unexpected-pass" -> "pass (unexpected)";
            case "not-offered" -> "–";
            case "not-applicable" -> "n/a";
            case "not-run" -> "not run";
            default -> "";
        };
    }

    private void failures(StringBuilder text) {
        for (JsonNode report : reports) {
            if (report.path("counts").path("fail").asInt(0) > 0) {
                text.append("\n### What failed: %s%n%nOne of them again: `vhost4j conformance %s --only CASE`%n%n"
                        .formatted(name(report), report.path("reached").asString("")));
                for (JsonNode one : report.path("cases")) {
                    JsonNode evidence = one.path("evidence");
                    if (!evidence.isMissingNode()) {
                        text.append("- `%s` (%s): %s%n"
                                .formatted(
                                        one.path("name").asString(""),
                                        one.path("section").asString(""),
                                        evidence.path("came")
                                                .asString("")
                                                .lines()
                                                .findFirst()
                                                .orElse("")));
                    }
                }
            }
        }
    }
}
