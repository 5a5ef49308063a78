// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.vhost4j.conformance.trace.Trace;
import org.vhost4j.tools.common.UnsupportedOption;

/** A file of {@code --replay}, as another person may have sent it. */
final class TraceTarget implements FuzzTarget {
    private static final String TITLE = "# vhost4j conformance trace, format 1";

    private final Path file;

    TraceTarget() {
        try {
            Path memory = Path.of("/dev/shm");
            file = Files.isWritable(memory)
                    ? Files.createTempFile(memory, "vhost4j-fuzz", ".trace")
                    : Files.createTempFile("vhost4j-fuzz", ".trace");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String name() {
        return "trace";
    }

    @Override
    public List<byte[]> seeds() {
        String text = TITLE + """

                case: ring.base
                seed: 0x12
                0.000 #1 > GET_FEATURES
                  = 010000000100000000000000
                0.001 #1 < GET_FEATURES
                  = 0100000005000000080000000000004001000000 +1
                0.002 #1c > SET_MEM_TABLE
                  = 05000000010000000800000001000000 +253
                outcome: passed
                """;
        return List.of(text.getBytes(StandardCharsets.UTF_8), TITLE.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void run(byte[] bytes) throws IOException {
        Files.write(file, bytes);
        try {
            Trace trace = Trace.read(file);
            trace.messages().forEach(message -> FuzzTarget.requireLine(message.text()));
            FuzzTarget.require(trace.difference(trace.messages()).isEmpty(), "it differs from itself");
            trace.requiredNumber("seed");
        } catch (UnsupportedOption e) {
            FuzzTarget.requireLine(e.getMessage());
        }
    }

    @Override
    public void close() {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
