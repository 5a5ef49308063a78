// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Measures how several back-ends drain full rings. Commands arrive on standard input, one per line, and each is answered with one line:
 *
 * <ul>
 *   <li>{@code attach NAME SOCKET [SOCKET]}: attaches a guest that sends, and optionally one that receives; answered with {@code attached}
 *   <li>{@code drain NAME BYTES BUFFERS ROUNDS}: answered with {@code drained FRAMES NANOSECONDS...}, the frames in a ring and the duration
 *       of each round
 *   <li>{@code detach NAME}: answered with {@code detached SENT RECEIVED}, the numbers of frames of both guests
 *   <li>{@code quit}: ends the program, without an answer
 * </ul>
 */
final class DrainLoop {
    private final Function<List<Path>, DrainJob> attacher;
    private final Map<String, DrainJob> jobs = new HashMap<>();

    /**
     * Creates a loop without a back-end.
     *
     * @param attacher attaches guests to sockets
     */
    DrainLoop(Function<List<Path>, DrainJob> attacher) {
        this.attacher = attacher;
    }

    /** Executes commands until {@code quit}, or standard input ends. */
    void run(PrintStream out) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        out.println("ready");
        try {
            for (String line = in.readLine(); line != null && !line.equals("quit"); line = in.readLine()) {
                out.println(answer(line.split(" ", -1)));
            }
        } finally {
            jobs.values().forEach(DrainJob::close);
        }
    }

    private String answer(String... words) {
        return switch (words[0]) {
            case "attach" -> {
                jobs.put(
                        words[1],
                        attacher.apply(
                                Arrays.stream(words).skip(2).map(Path::of).toList()));
                yield "attached";
            }
            case "drain" -> drain(job(words), number(words[2]), number(words[3]), number(words[4]));
            case "detach" -> {
                try (DrainJob job = job(words)) {
                    jobs.remove(words[1]);
                    yield "detached %d %d".formatted(job.sent(), job.received());
                }
            }
            default -> "unknown " + words[0];
        };
    }

    private DrainJob job(String... words) {
        DrainJob job = jobs.get(words[1]);
        if (job == null) {
            throw new IllegalStateException("nothing is attached as " + words[1]);
        }
        return job;
    }

    private static String drain(DrainJob job, int frameBytes, int buffers, int rounds) {
        StringBuilder line = new StringBuilder("drained");
        for (long number : job.run(new DrainJob.Shape(frameBytes, buffers), rounds)) {
            line.append(' ').append(number);
        }
        return line.toString();
    }

    private static int number(String word) {
        return Integer.parseInt(word);
    }
}
