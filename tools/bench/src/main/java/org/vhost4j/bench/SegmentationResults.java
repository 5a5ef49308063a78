// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The results of the benchmarks and the C program, in nanoseconds. Each is the shortest of its rounds, because on a shared machine every
 * other statistic includes other load.
 */
final class SegmentationResults {
    private final Map<String, Double> nanos = new HashMap<>();
    private final Map<String, Double> garbage = new HashMap<>();

    /**
     * Adds the times that JMH wrote.
     *
     * @param json the file of {@code -rf json}
     */
    void addTimes(String json) {
        for (JsonNode run : JsonMapper.shared().readTree(json)) {
            double best = Double.MAX_VALUE;
            for (JsonNode fork : run.path("primaryMetric").path("rawData")) {
                for (JsonNode round : fork) {
                    best = Math.min(best, round.asDouble());
                }
            }
            nanos.put(key(run), best);
        }
    }

    /**
     * Adds the allocated bytes that JMH wrote.
     *
     * @param json the file of {@code -rf json} with {@code -prof gc}
     */
    void addGarbage(String json) {
        for (JsonNode run : JsonMapper.shared().readTree(json)) {
            JsonNode allocated = run.path("secondaryMetrics").path("gc.alloc.rate.norm");
            garbage.put(key(run), allocated.path("score").asDouble(Double.NaN));
        }
    }

    /** Returns the key of a result: class and method, and the parameters in the order of their names. */
    private static String key(JsonNode run) {
        String name = run.path("benchmark").asString();
        StringBuilder key = new StringBuilder(name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1));
        run.path("params").properties().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(each -> key.append(' ').append(each.getValue().asString()));
        return key.toString();
    }

    /**
     * Adds the results that the C program printed.
     *
     * @param text lines of name, parameter and nanoseconds
     */
    void addPeer(String text) {
        text.lines()
                .map(line -> line.split(" "))
                .filter(words -> words.length == 3)
                .forEach(words -> nanos.put("C " + words[0] + " " + words[1], Double.parseDouble(words[2])));
    }

    /** Returns whether nothing was measured. */
    boolean isEmpty() {
        return nanos.isEmpty();
    }

    private double get(String key) {
        return nanos.getOrDefault(key, Double.NaN);
    }

    /**
     * Returns the results as text.
     *
     * @return three tables
     */
    String table() {
        StringBuilder out = new StringBuilder();
        out.append(
                "A super-frame with 65160 bytes of payload, segmented with complete checksums. ns per super-frame.\n\n");
        line(out, "kind", "MSS", "copy", "segment", "copy/seg.", "partial", "C copy", "C segment", "C/ours", "B/frame");
        for (String kind : new String[] {"TCPV4", "TCPV6", "UDP_L4"}) {
            for (String mss : new String[] {"1448", "536", "8948"}) {
                String parameters = " " + kind + " " + mss;
                double copy = get("SegmentBenchmark.copy" + parameters);
                double cut = get("SegmentBenchmark.cutComplete" + parameters);
                double peer = get("C cut-" + kind + " " + mss);
                line(
                        out,
                        kind,
                        mss,
                        nanos(copy),
                        nanos(cut),
                        ratio(copy / cut),
                        nanos(get("SegmentBenchmark.cutPartial" + parameters)),
                        nanos(get("C copy-" + kind + " " + mss)),
                        nanos(peer),
                        ratio(peer / cut),
                        "%.1f"
                                .formatted(
                                        garbage.getOrDefault("SegmentBenchmark.cutComplete" + parameters, Double.NaN)));
            }
        }
        out.append("\nOne checksum. ns.\n\n");
        line(out, "bytes", "copy", "sum", "copy/sum", "C copy", "C sum", "C/ours");
        for (String bytes : new String[] {"64", "1448", "65536"}) {
            double copy = get("ChecksumBenchmark.copy " + bytes);
            double sum = get("ChecksumBenchmark.sum " + bytes);
            double peer = get("C sum " + bytes);
            line(
                    out,
                    bytes,
                    nanos(copy),
                    nanos(sum),
                    ratio(copy / sum),
                    nanos(get("C copy " + bytes)),
                    nanos(peer),
                    ratio(peer / sum));
        }
        out.append("\nFrom guest to guest, both drivers included. ns per frame.\n\n");
        line(out, "ring", "payload", "copy", "plain", "copy/plain", "coalesced", "plain/coal.");
        for (String ring : new String[] {"split", "packed"}) {
            for (String payload : new String[] {"10", "1446"}) {
                String parameters = " " + payload + " " + ring;
                double copy = get("ChainBenchmark.copy" + parameters);
                double plain = get("ChainBenchmark.plain" + parameters);
                double coalesced = get("ChainBenchmark.coalesced" + parameters);
                line(
                        out,
                        ring,
                        payload,
                        nanos(copy),
                        nanos(plain),
                        ratio(copy / plain),
                        nanos(coalesced),
                        ratio(plain / coalesced));
            }
        }
        return out.toString();
    }

    /**
     * Returns the results as JSON.
     *
     * @return a JSON object, with a line end: best nanoseconds, and allocated bytes, each by benchmark and parameters; the keys of the C
     *     program's results begin with {@code C}
     */
    String json() {
        ObjectNode root = JsonMapper.shared().createObjectNode().put("vhost4j-bench-segmentation", 1);
        ObjectNode times = root.putObject("nanoseconds");
        new TreeMap<>(nanos).forEach(times::put);
        ObjectNode bytes = root.putObject("allocated-bytes");
        new TreeMap<>(garbage).forEach(bytes::put);
        return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
    }

    private static void line(StringBuilder out, String... cells) {
        for (String cell : cells) {
            out.append("%-11s".formatted(cell));
        }
        out.append('\n');
    }

    private static String nanos(double value) {
        return Double.isNaN(value) ? "-" : value < 1000 ? "%.1f".formatted(value) : "%.0f".formatted(value);
    }

    private static String ratio(double value) {
        return Double.isNaN(value) ? "-" : "%.2f".formatted(value);
    }
}
