// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz.attack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A few rounds of {@link ConcurrentAttack}, in a JVM that a stray access would end; {@code tools/attack} runs it for minutes. */
class ConcurrentAttackTest {
    private static final int ROUNDS = 12;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    @Test
    void nothingIsTouchedOutsideAndNeighboursLoseNothing() throws IOException, InterruptedException {
        Path output = directory.resolve("output");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-ea",
                        "-Xmx200m",
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Djna.nosys=true",
                        "-XX:ErrorFile=" + directory.resolve("hs_err"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        ConcurrentAttack.class.getName(),
                        "--rounds",
                        String.valueOf(ROUNDS))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        int status = process.waitFor();
        List<String> lines = Files.readAllLines(output, StandardCharsets.UTF_8);
        assertThat(status).as("the status after %s", lines).isZero();
        assertThat(lines.stream().filter(line -> line.startsWith("| packed") || line.startsWith("| split")))
                .hasSize(Kind.all().size())
                .allMatch(line -> line.contains(" | " + ROUNDS + " | "));
        // Otherwise the attack would prove nothing: it stops devices, and frames go both ways until then.
        assertThat(lines).anyMatch(line -> line.contains("times: queue"));
        assertThat(lines.stream()
                        .filter(line -> line.startsWith("| ") && !line.contains("attacked"))
                        .map(line -> List.of(line.split(" \\| ", -1)))
                        .mapToLong(cells -> Long.parseLong(cells.get(3)))
                        .sum())
                .isPositive();
    }
}
