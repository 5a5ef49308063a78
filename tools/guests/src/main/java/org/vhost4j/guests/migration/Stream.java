// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.migration;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.guests.lab.GuestFailure;

/**
 * The peer's end of {@code tools/lab/stream.c}: a process in the peer's network namespace that sends data and checks what the guest
 * returns.
 */
final class Stream implements AutoCloseable {
    private final Process process;
    private final BufferedReader out;
    private final BufferedWriter in;

    private Stream(Process process) {
        this.process = process;
        this.out = process.inputReader(StandardCharsets.US_ASCII);
        this.in = process.outputWriter(StandardCharsets.US_ASCII);
    }

    /**
     * Starts to send, 1,000 datagrams per second and 1 MB per second over TCP.
     *
     * @param network the network
     * @param program the executable
     * @param guest the address of the guest, which returns the data
     * @throws IOException when it cannot be started
     */
    static Stream start(Network network, Path program, String guest) throws IOException {
        return new Stream(new ProcessBuilder(network.inside(List.of(program.toString(), "check", guest)))
                .redirectErrorStream(true)
                .start());
    }

    /**
     * Ends an interval and begins the next one. Takes a second, because a datagram counts as lost only then.
     *
     * @return the observations of the interval
     * @throws GuestFailure when the stream has ended
     */
    Interval mark() {
        try {
            in.write("mark\n");
            in.flush();
            @Nullable String line = out.readLine();
            if (line == null || !line.startsWith("stream sent=")) {
                throw new GuestFailure("the stream has ended: " + line);
            }
            return Interval.parse(line);
        } catch (IOException e) {
            throw new GuestFailure("the stream has ended: " + e.getMessage());
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
