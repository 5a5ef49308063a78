// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The queries of the Grafana dashboard in the source tree. */
final class Dashboard {
    private static final Path FILE = Path.of("..", "..", "docs", "grafana", "vhost4j.json");
    private static final Pattern METRIC = Pattern.compile("\\b(vhost4j|process)_[a-z0-9_]+");

    private Dashboard() {}

    /** Every query, of panels and of variables, as it is written. */
    static List<String> queries() {
        JsonNode dashboard = JsonMapper.shared().readTree(FILE.toFile());
        List<String> all = new ArrayList<>();
        dashboard
                .path("panels")
                .forEach(panel -> panel.path("targets")
                        .forEach(target -> all.add(target.path("expr").asString())));
        dashboard
                .path("templating")
                .path("list")
                .forEach(
                        variable -> all.add(variable.path("query").path("query").asString("")));
        all.removeIf(String::isEmpty);
        return all;
    }

    /** The queries of panels as Prometheus takes them: Grafana fills in its variables. */
    static List<String> filledIn() {
        return queries().stream()
                .filter(query -> !query.startsWith("label_values("))
                .map(query -> query.replace("$__rate_interval", "1m").replaceAll("\\$(instance|guest|job)", ".*"))
                .toList();
    }

    /** The names of metrics in a query. */
    static Set<String> metrics(String query) {
        Set<String> names = new TreeSet<>();
        METRIC.matcher(query).results().map(MatchResult::group).forEach(names::add);
        return names;
    }
}
