// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.bench;

import java.util.List;
import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What the comparison found, for people and for programs.
 *
 * @param peer which DPDK
 * @param plan what was measured
 * @param comparisons one for each row
 */
record PeerReport(String peer, Plan plan, List<Comparison> comparisons) {
    private static final double MEGA = 1e6;
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    PeerReport {
        comparisons = List.copyOf(comparisons);
    }

    /** A line for one round, while the run goes on. */
    static String line(int number, Round round) {
        return String.format(
                Locale.ROOT,
                "  round %2d: DPDK %7.3f, vhost4j %7.3f Mpps, ratio %5.2f%s",
                number,
                round.dpdk().rate() / MEGA,
                round.ours().rate() / MEGA,
                round.ratio(),
                round.disturbed() ? String.format(Locale.ROOT, "  (disturbed: %s)", shares(round)) : "");
    }

    private static String shares(Round round) {
        return String.format(
                Locale.ROOT,
                "front-end and back-end had %.0f%% and %.0f%% of their cores, then %.0f%% and %.0f%%",
                100 * round.dpdk().frontEndShare(),
                100 * round.dpdk().backEndShare(),
                100 * round.ours().frontEndShare(),
                100 * round.ours().backEndShare());
    }

    /** The table, with what is to be said about it. */
    String table() {
        StringBuilder text = new StringBuilder();
        String line = "%-15s %5s %9s  %-22s %-22s %8s  %-20s %s%n";
        text.append(String.format(
                Locale.ROOT, line, "", "", "", "DPDK, Mpps", "vhost4j, Mpps", "ratio of", "ratio by round", "rounds"));
        text.append(String.format(
                Locale.ROOT,
                line,
                "DIRECTION",
                "BYTES",
                "MERGEABLE",
                "median (least..most)",
                "median (least..most)",
                "medians",
                "median (least..most)",
                "counted"));
        for (Comparison comparison : comparisons) {
            Row row = comparison.row();
            text.append(String.format(
                    Locale.ROOT,
                    line,
                    row.direction().title() + (row.packed() ? ", packed" : ""),
                    row.frameBytes(),
                    row.mergeable() ? "on" : "off",
                    spread("%.2f (%.2f..%.2f)", comparison.dpdk(), MEGA),
                    spread("%.2f (%.2f..%.2f)", comparison.ours(), MEGA),
                    String.format(Locale.ROOT, "%.2f", comparison.ratioOfMedians()),
                    spread("%.2f (%.2f..%.2f)", comparison.ratios(), 1),
                    comparison.counted().size() + " of " + comparison.rounds().size()));
        }
        boolean disturbed = comparisons.stream()
                .anyMatch(comparison -> comparison.counted().stream().anyMatch(Round::disturbed));
        if (disturbed) {
            text.append(
                    "Other programs took processor time in rounds that count: rates are too low, ratios are rough.\n");
        }
        for (Comparison comparison : comparisons) {
            complain(text, comparison.row(), "DPDK's back-end", comparison.dpdkCheck());
            complain(text, comparison.row(), "vhost4j", comparison.ownCheck());
        }
        return text.toString();
    }

    /** Whether both sides of every pair have counted the same. */
    boolean agrees() {
        return comparisons.stream()
                .allMatch(comparison ->
                        comparison.dpdkCheck().agrees() && comparison.ownCheck().agrees());
    }

    private static void complain(StringBuilder text, Row row, String who, CrossCheck check) {
        if (!check.agrees()) {
            text.append("%s: the front-end counted %d frames but %s %d%n"
                    .formatted(row, check.frontEnd(), who, check.backEnd()));
        }
    }

    private static String spread(String format, Comparison.Spread spread, double unit) {
        return String.format(Locale.ROOT, format, spread.median() / unit, spread.least() / unit, spread.most() / unit);
    }

    /** The same as JSON: rates in frames a second, and every round. */
    String json() {
        ObjectNode root = MAPPER.createObjectNode();
        root.put("vhost4j-bench-peer", 1).put("peer", peer);
        root.put("front-end-core", plan.frontEndCore()).put("back-end-core", plan.backEndCore());
        root.put("seconds", plan.turn().toMillis() / 1e3)
                .put("warm-up-seconds", plan.warmUp().toMillis() / 1e3);
        ArrayNode rows = root.putArray("rows");
        for (Comparison comparison : comparisons) {
            ObjectNode row = rows.addObject();
            row.put("direction", comparison.row().direction() == Direction.SEND ? "send" : "receive")
                    .put("bytes", comparison.row().frameBytes())
                    .put("mergeable", comparison.row().mergeable())
                    .put("ring", comparison.row().packed() ? "packed" : "split")
                    .put("ratio-of-medians", comparison.ratioOfMedians())
                    .put("rounds-counted", comparison.counted().size());
            put(row.putObject("dpdk"), comparison.dpdk(), comparison.dpdkCheck());
            put(row.putObject("vhost4j"), comparison.ours(), comparison.ownCheck());
            put(row.putObject("ratio"), comparison.ratios());
            ArrayNode rounds = row.putArray("rounds");
            for (Round round : comparison.rounds()) {
                ObjectNode one = rounds.addObject();
                put(one.putObject("dpdk"), round.dpdk());
                put(one.putObject("vhost4j"), round.ours());
                one.put("ratio", round.ratio()).put("disturbed", round.disturbed());
            }
        }
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root);
    }

    private static void put(ObjectNode node, Comparison.Spread spread, CrossCheck check) {
        put(node, spread);
        node.put("front-end-frames", check.frontEnd()).put("back-end-frames", check.backEnd());
    }

    private static void put(ObjectNode node, Comparison.Spread spread) {
        node.put("least", spread.least()).put("median", spread.median()).put("most", spread.most());
    }

    private static void put(ObjectNode node, Turn turn) {
        node.put("rate", turn.rate())
                .put("front-end-share", turn.frontEndShare())
                .put("back-end-share", turn.backEndShare());
    }
}
