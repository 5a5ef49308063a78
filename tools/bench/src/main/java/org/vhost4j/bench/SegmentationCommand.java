// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.vhost4j.tools.common.Interruption;
import org.vhost4j.tools.common.UnsupportedOption;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code vhost4j bench segmentation}: compares segmentation, checksums and forwarding from guest to guest with plain
 * copies, and with a C program that does the same with DPDK's libraries. The benchmarks are in a separate archive,
 * which is run as a program.
 */
@Command(
        name = "segmentation",
        description =
                "Compares segmentation and checksums with a plain copy of the same bytes, and with a C program over "
                        + "DPDK's rte_gso. Each number is the best of several rounds; compare numbers of one run only.",
        mixinStandardHelpOptions = true)
final class SegmentationCommand implements Callable<Integer> {
    /** Duration of a round in milliseconds: short, so that some rounds fit between two time slices of other load. */
    private static final int ROUND_MILLIS = 5;

    /** Maximum time for the table after an interruption. */
    private static final Duration INTERRUPTED_PATIENCE = Duration.ofSeconds(30);

    @Option(
            names = "--seconds",
            paramLabel = "S",
            description = "The time for each benchmark, in rounds of " + ROUND_MILLIS
                    + " ms; 1 to 100 (default: ${DEFAULT-VALUE}).")
    private int seconds = 2;

    @Option(
            names = "--only",
            paramLabel = "REGEX",
            description = "The benchmarks to run, a regular expression of JMH (default: ${DEFAULT-VALUE}).")
    private String only = "SegmentBenchmark|ChecksumBenchmark|ChainBenchmark";

    @Option(names = "--json", description = "Prints JSON: nanoseconds and bytes by benchmark and parameters.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (seconds < 1 || seconds > 100) {
            throw new UnsupportedOption("--seconds=" + seconds + ": from 1 to 100");
        }
        String home = System.getProperty("vhost4j.home");
        if (home == null) {
            throw new UnsupportedOption("the benchmarks are found by tools/vhost4j only");
        }
        Path benchmarks = Path.of(home, "benchmarks", "target", "benchmarks.jar");
        if (!Files.isReadable(benchmarks)) {
            throw new UnsupportedOption(benchmarks + " was not found: run tools/build");
        }
        PrintWriter out = spec.commandLine().getOut();
        SegmentationResults results = new SegmentationResults();
        Path file = Files.createTempFile("vhost4j-bench", ".json");
        try (Interruption interruption = Interruption.watch(INTERRUPTED_PATIENCE)) {
            try {
                measure(home, benchmarks, file, results, interruption);
            } catch (UnsupportedOption e) {
                // An interruption ends the program that was measured.
                if (!interruption.requested()) {
                    throw e;
                }
                if (results.isEmpty()) {
                    throw new UnsupportedOption("interrupted before anything was measured");
                }
            } finally {
                Files.deleteIfExists(file);
            }
            out.print(json ? results.json() : results.table());
            out.flush();
            return interruption.requested() ? 1 : 0;
        }
    }

    private void measure(
            String home, Path benchmarks, Path file, SegmentationResults results, Interruption interruption)
            throws IOException, InterruptedException {
        say("building the C program");
        String program = run(List.of(Path.of(home, "benchmarks", "segment-peer").toString()), interruption)
                .strip();
        say("measuring the C program");
        results.addPeer(run(List.of(program), interruption));
        say("measuring the benchmarks, each for " + seconds + " s");
        int rounds = seconds * 1000 / ROUND_MILLIS;
        run(jmh(benchmarks, file, only, "-i", Integer.toString(rounds), "-r", ROUND_MILLIS + "ms"), interruption);
        results.addTimes(Files.readString(file));
        say("counting garbage");
        // Garbage is counted over a whole second, because the harness itself allocates some in each round.
        run(jmh(benchmarks, file, "SegmentBenchmark.cutComplete", "-i", "1", "-r", "1", "-prof", "gc"), interruption);
        results.addGarbage(Files.readString(file));
    }

    private void say(String line) {
        PrintWriter err = spec.commandLine().getErr();
        err.println(line);
        err.flush();
    }

    private static List<String> jmh(Path benchmarks, Path file, String which, String... options) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-jar", benchmarks.toString(), which, "-f", "1", "-wi", "3", "-w", "1"));
        command.addAll(List.of(options));
        command.addAll(List.of("-rf", "json", "-rff", file.toString()));
        return command;
    }

    /** Returns the output of a program; its standard error goes to the terminal. */
    private static String run(List<String> command, Interruption interruption)
            throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        interruption.onRequest(() -> {
            process.descendants().forEach(ProcessHandle::destroy);
            // Process.destroy would close the output, too, which is being read.
            boolean unused = process.toHandle().destroy();
        });
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status = process.waitFor();
        if (status != 0) {
            throw new UnsupportedOption(command.getFirst() + " ended with status " + status);
        }
        return text;
    }
}
