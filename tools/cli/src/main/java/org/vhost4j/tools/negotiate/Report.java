// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.negotiate;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vhost4j.conformance.negotiate.Attempt;
import org.vhost4j.conformance.negotiate.BitNames;
import org.vhost4j.conformance.negotiate.Combination;
import org.vhost4j.conformance.negotiate.Outcome;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.tools.common.Table;
import org.vhost4j.tools.common.Terminal;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The output of {@code negotiate}, for one negotiation or a matrix.
 *
 * @param socket path of the back-end's socket
 * @param offeredFeatures virtio feature bits
 * @param offeredProtocol protocol feature bits
 * @param attempts the attempts made
 * @param combinations number of combinations to try
 * @param stopped the reason why not all were tried; empty when all were
 * @param unmet expectations that were not met, one sentence each
 */
record Report(
        String socket,
        long offeredFeatures,
        long offeredProtocol,
        List<Attempt> attempts,
        int combinations,
        String stopped,
        List<String> unmet) {
    private static final JsonMapper MAPPER = new JsonMapper();

    /** Copies the lists. */
    Report {
        attempts = List.copyOf(attempts);
        unmet = List.copyOf(unmet);
    }

    /** Returns the report on one negotiation as text: lines, each with its end. */
    String text() {
        StringBuilder text = new StringBuilder(offer());
        for (Attempt attempt : attempts) {
            Combination combination = attempt.combination();
            Table table = new Table();
            table.row("features", BitNames.VIRTIO.inWords(combination.features()));
            table.row("protocol features", BitNames.PROTOCOL.inWords(combination.protocol()));
            text.append("acknowledged\n").append(indented(table));
            text.append(attempt.outcome().word())
                    .append(attempt.detail().isEmpty() ? "" : ": " + attempt.detail())
                    .append(attempt.frames() > 0 ? ", " + attempt.frames() + " frames were returned correctly" : "")
                    .append('\n');
        }
        unmet.forEach(each -> text.append("not as expected: ").append(each).append('\n'));
        return text.toString();
    }

    /**
     * Returns the report on a matrix as text: the result of each group, and every combination that was not accepted.
     */
    String matrix() {
        Map<String, List<Outcome>> groups = new LinkedHashMap<>();
        for (Attempt attempt : attempts) {
            groups.computeIfAbsent(attempt.combination().group(), group -> new ArrayList<>())
                    .add(attempt.outcome());
        }
        Table summary = new Table();
        summary.row("GROUP", "ACCEPTED", "REFUSED", "BROKEN");
        groups.forEach((group, outcomes) -> summary.row(
                group,
                count(outcomes, Outcome.ACCEPTED),
                count(outcomes, Outcome.REFUSED),
                count(outcomes, Outcome.BROKEN)));
        Map<List<String>, List<String>> alike = new LinkedHashMap<>();
        for (Attempt attempt : attempts) {
            if (attempt.outcome() != Outcome.ACCEPTED) {
                Combination combination = attempt.combination();
                String outcome =
                        (attempt.isSound() ? "" : "! ") + attempt.outcome().word();
                alike.computeIfAbsent(
                                List.of(outcome, combination.group(), attempt.detail()), kind -> new ArrayList<>())
                        .add(combination.label());
            }
        }
        StringBuilder details = new StringBuilder();
        alike.forEach((kind, labels) -> details.append(kind.get(0))
                .append(": ")
                .append(kind.get(2))
                .append("\n  ")
                .append(kind.get(1))
                .append(": ")
                .append(String.join(", ", labels))
                .append('\n'));
        long frames = attempts.stream().mapToLong(Attempt::frames).sum();
        long bad = attempts.stream().filter(each -> !each.isSound()).count();
        return offer()
                + summary.text(Terminal.columnsOfRecords())
                + details
                + attempts.size() + " of " + combinations + " combinations tried"
                + (stopped.isEmpty() ? "" : ": " + stopped)
                + (frames > 0 ? "; " + frames + " frames were returned correctly" : "; no frames sent or returned")
                + (bad == 0 ? "" : "; " + bad + " combinations, marked !, have an incorrect result")
                + "\n";
    }

    private static String count(List<Outcome> outcomes, Outcome outcome) {
        return Integer.toString(Collections.frequency(outcomes, outcome));
    }

    private String offer() {
        Table table = new Table();
        table.row("features", BitNames.VIRTIO.inWords(offeredFeatures));
        table.row("protocol features", BitNames.PROTOCOL.inWords(offeredProtocol));
        return "offered\n" + indented(table);
    }

    private static String indented(Table table) {
        return table.text(Terminal.columnsOfRecords() - 2).indent(2);
    }

    /** Returns the report as JSON according to the schema: lines, each with its end. */
    String json() {
        ObjectNode root = MAPPER.createObjectNode();
        root.put("vhost4j-negotiate", 1).put("socket", socket);
        words(root.putObject("offered"), offeredFeatures, offeredProtocol);
        ArrayNode all = root.putArray("attempts");
        for (Attempt attempt : attempts) {
            Combination combination = attempt.combination();
            ObjectNode node = all.addObject().put("group", combination.group()).put("label", combination.label());
            words(node, combination.features(), combination.protocol());
            if (combination.high() != 0) {
                node.put("features", new FeatureSet(combination.features(), combination.high()).hex());
            }
            node.put("lawful", attempt.lawful())
                    .put("outcome", attempt.outcome().word())
                    .put("detail", attempt.detail())
                    .put("frames", attempt.frames())
                    .put("sound", attempt.isSound());
        }
        root.put("combinations", combinations).put("stopped", stopped);
        ArrayNode expectations = root.putArray("unmet");
        unmet.forEach(expectations::add);
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
    }

    private static void words(ObjectNode node, long features, long protocol) {
        node.put("features", "0x" + Long.toHexString(features))
                .put("protocol-features", "0x" + Long.toHexString(protocol));
    }
}
