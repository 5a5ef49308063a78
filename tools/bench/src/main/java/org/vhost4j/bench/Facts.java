// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.vhost4j.tools.common.Version;

/** Collects the facts about host and programs that readers of a report need. */
final class Facts {
    private Facts() {}

    static Map<String, String> of(Bench bench, Duration took) throws IOException {
        Plan plan = bench.plan();
        Map<String, String> facts = ofHost(took);
        facts.put("vhost4j", Version.current());
        facts.put("others", String.join(", ", bench.dpdkNames()));
        facts.put(
                "cores",
                "front-ends %d, back-ends %d".formatted(plan.frontEndCore(), plan.backEndCore())
                        + (plan.backEndCores().size() == 1 ? "" : ", those with several lanes " + plan.backEndCores()));
        facts.put(
                "turns",
                "%d rounds of %s s after %s s of warm-up; median (least..most)"
                        .formatted(plan.rounds(), seconds(plan.turn()), seconds(plan.warmUp())));
        return facts;
    }

    /** Returns the time and the host of the measurement; mutable. */
    static Map<String, String> ofHost(Duration took) throws IOException {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put(
                "measured",
                DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm 'UTC'").format(ZonedDateTime.now(ZoneOffset.UTC))
                        + ", in %d min %d s".formatted(took.toMinutes(), took.toSecondsPart()));
        facts.put("Java", System.getProperty("java.vm.name") + " " + Runtime.version());
        facts.put("processor", processor());
        facts.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
        facts.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        // Load averages of one, five and fifteen minutes at the end; the measured programs themselves keep two
        // processors busy.
        facts.put("load", String.join(" ", loads()));
        return facts;
    }

    private static List<String> loads() throws IOException {
        return List.of(Files.readString(Path.of("/proc/loadavg")).split(" ")).subList(0, 3);
    }

    private static String seconds(Duration duration) {
        return Double.toString(duration.toMillis() / 1e3);
    }

    private static String processor() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        }
    }
}
