// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.handover;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.vhost4j.vhostuser.handover.HandOverChannel;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.server.Backend;
import org.vhost4j.vhostuser.server.SilentListener;

/**
 * A back-end in its own process that takes over up to a given step, reports that, and then waits to be killed by
 * SIGKILL at exactly that step.
 */
final class DyingBackEnd implements AutoCloseable {
    private static final String THERE = "there";

    private final Process process;
    private final BufferedReader lines;

    private DyingBackEnd(Process process) {
        this.process = process;
        this.lines = process.inputReader(StandardCharsets.UTF_8);
    }

    /** Starts it; it connects as soon as it is told to {@link #connect}. */
    static DyingBackEnd start(Path directory, int lanes, TakeOverStep last) throws IOException {
        String classes = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Djna.nosys=true",
                "-cp",
                classes,
                DyingBackEnd.class.getName(),
                directory.toString(),
                Integer.toString(lanes),
                last.name());
        DyingBackEnd started = new DyingBackEnd(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
        started.await("runs");
        return started;
    }

    /** Makes it connect. */
    void connect() throws IOException {
        process.getOutputStream().write('\n');
        process.getOutputStream().flush();
    }

    private void await(String line) throws IOException {
        String said = lines.readLine();
        if (!line.equals(said)) {
            throw new AssertionError("the new back-end says " + said + " where " + line + " is due");
        }
    }

    /** Kills it as soon as it has come to its step, and waits until nothing of it is left. */
    void killThere() {
        try {
            await(THERE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        kill();
    }

    /** Kills it, and waits until nothing of it is left. */
    void kill() {
        process.destroyForcibly().onExit().join();
    }

    @Override
    public void close() throws IOException {
        kill();
        lines.close();
    }

    /** Runs the process; the arguments are the directory of the sockets, the number of lanes, and the step. */
    public static void main(String[] arguments) throws IOException, HandOverException {
        Path directory = Path.of(arguments[0]);
        TakeOverStep last = TakeOverStep.valueOf(arguments[2]);
        Consumer<TakeOverStep> steps = step -> {
            if (step == last) {
                System.out.println(THERE);
                while (true) {
                    LockSupport.park();
                }
            }
        };
        System.out.println("runs");
        if (System.in.read() < 0) {
            return;
        }
        HandOverChannel channel = HandOverChannel.connect(
                directory.resolve("next"),
                (moment, type) -> TakeOverStep.of(moment, type).ifPresent(steps));
        Backend backend = Backend.takeOver(
                KilledTakeOverTest.config(directory, Integer.parseInt(arguments[1]), new MarkerUplink(steps)),
                new SilentListener(),
                channel,
                () -> steps.accept(TakeOverStep.MAPPED));
        steps.accept(TakeOverStep.SERVING);
        backend.close();
    }
}
