// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.load;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.ReceivedFrame;
import org.vhost4j.sys.Await;
import org.vhost4j.tools.endtoend.isolation.ChildBackEnd;

/**
 * A load test: guests connect to and disconnect from a back-end in its own process. {@code tools/load} runs it; the
 * figures are in docs/reliability.md.
 */
public final class Load implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final int RING = 64;
    /** What compiled code and the allocator may take more. */
    private static final long MORE_KIB = 32 << 10;

    private static final List<String> FIXED_HEAP = List.of(
            "env", "JAVA_TOOL_OPTIONS=-Xms64m -Xmx64m -XX:+AlwaysPreTouch -XX:-UseDynamicNumberOfCompilerThreads");

    private final Path directory;
    private final int guests;
    private final ChildBackEnd backEnd;
    private final List<@Nullable NetDriver> drivers = new ArrayList<>();
    private final Random random = new Random(22);
    private long frames;

    /**
     * Starts a back-end.
     *
     * @param directory directory of the sockets
     * @param guests the number of guests
     * @throws IOException when it cannot be started
     */
    public Load(Path directory, int guests) throws IOException {
        this.directory = directory;
        this.guests = guests;
        List<String> arguments = new ArrayList<>(List.of("run"));
        for (int i = 0; i < guests; i++) {
            arguments.add("--socket-path=" + socket(i));
            drivers.add(null);
        }
        backEnd = ChildBackEnd.startBehind(FIXED_HEAP, directory, arguments.toArray(String[]::new));
        backEnd.awaitLine("guest" + (guests - 1) + ": waiting for a front-end");
        // Its lines must not fill the pipe.
        Thread.ofPlatform().daemon().start(() -> {
            try {
                backEnd.awaitLine("never said");
            } catch (IOException | AssertionError e) {
                // It has ended.
            }
        });
    }

    /**
     * The result of a test.
     *
     * @param what name of the test
     * @param times number of repetitions
     * @param frames number of frames that arrived
     * @param before the back-end's resources after the warm-up
     * @param after the back-end's resources at the end
     */
    record Result(String what, long times, long frames, Holding before, Holding after) {
        boolean flat() {
            return before.sameBut(after) && after.memoryKib() - before.memoryKib() < MORE_KIB;
        }

        String row() {
            return "| %s | %d | %d | %d, then %d | %d, then %d | %d, then %d | %d KiB, then %d KiB |"
                    .formatted(
                            what,
                            times,
                            frames,
                            before.descriptors(),
                            after.descriptors(),
                            before.mappings(),
                            after.mappings(),
                            before.threads(),
                            after.threads(),
                            before.memoryKib(),
                            after.memoryKib());
        }
    }

    private Path socket(int guest) {
        return directory.resolve("g" + guest);
    }

    private void attach(int guest) {
        drivers.set(
                guest,
                served(() -> NetDriver.attach(socket(guest), NetSetup.full().queues(1, RING))));
    }

    /** While the front-end before is not gone yet, the next one is rejected. */
    private static <T> T served(Supplier<T> attempt) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                return attempt.get();
            } catch (FrontEndException.Closed e) {
                if (System.nanoTime() > end) {
                    throw e;
                }
            }
        }
    }

    private void detach(int guest) {
        NetDriver driver = drivers.set(guest, null);
        if (driver != null) {
            driver.close();
        }
    }

    /** A frame from one guest to another, by broadcast: every guest gets it. */
    private void exchange(int from, int to) {
        NetDriver sender = drivers.get(from);
        NetDriver receiver = drivers.get(to);
        if (sender == null || receiver == null || from == to) {
            return;
        }
        byte[] frame = new byte[64 + random.nextInt(1000)];
        for (int i = 0; i < 6; i++) {
            frame[i] = (byte) 0xff;
        }
        frame[6] = 2;
        frame[10] = (byte) (from >>> 8);
        frame[11] = (byte) from;
        frame[12] = (byte) 0x88;
        frame[13] = (byte) 0xb5;
        sender.send(frame);
        Optional<ReceivedFrame> received = receiver.receiveAny(PATIENCE);
        if (received.isEmpty()) {
            throw new AssertionError("guest" + to + " received nothing of guest" + from);
        }
        frames++;
        drain();
    }

    private void drain() {
        for (NetDriver driver : drivers) {
            while (driver != null && driver.poll(0).isPresent()) {
                frames++;
            }
        }
    }

    /**
     * Guests are detached and attached again, one at a time, and frames go between those that are there.
     *
     * @param least how often at least
     * @param minutes and for how long
     * @return what the back-end had before and after
     * @throws IOException when it has ended
     */
    Result churn(int least, long minutes) throws IOException {
        for (int i = 0; i < guests; i++) {
            attach(i);
        }
        for (int i = 0; i < guests; i++) {
            detach(i);
            attach(i);
            exchange(i, (i + 1) % guests);
        }
        Holding before = settled(null);
        long end = System.nanoTime() + Duration.ofMinutes(minutes).toNanos();
        long times = 0;
        while (times < least || System.nanoTime() < end) {
            int guest = random.nextInt(guests);
            detach(guest);
            if (random.nextInt(4) == 0) {
                exchange(random.nextInt(guests), random.nextInt(guests));
            }
            attach(guest);
            exchange(guest, (guest + 1) % guests);
            times++;
        }
        return new Result(guests + " guests, detached and attached", times, frames, before, settled(before));
    }

    /**
     * One connection after the other, each with its first messages.
     *
     * @param count the number
     * @return what the back-end had before and after
     * @throws IOException when it has ended
     */
    Result connections(int count) throws IOException {
        for (int i = 0; i < 100; i++) {
            connect(i);
        }
        Holding before = settled(null);
        for (int i = 0; i < count; i++) {
            connect(i);
        }
        return new Result("connections in sequence", count, 0, before, settled(before));
    }

    private void connect(int number) {
        if (number % 10 == 0) {
            served(() -> NetDriver.attach(
                            socket(number % guests), NetSetup.full().queues(1, RING)))
                    .close();
        } else {
            served(() -> {
                        FrontEnd frontEnd = FrontEnd.connect(socket(number % guests));
                        try {
                            frontEnd.getFeatures();
                            return frontEnd;
                        } catch (RuntimeException e) {
                            frontEnd.close();
                            throw e;
                        }
                    })
                    .close();
        }
    }

    /**
     * Frames between guests that stay.
     *
     * @param minutes for how long
     * @return what the back-end had before and after
     * @throws IOException when it has ended
     */
    Result soak(long minutes) throws IOException {
        for (int i = 0; i < guests; i++) {
            attach(i);
        }
        for (int i = 0; i < 2000; i++) {
            exchange(i % guests, (i + 1) % guests);
        }
        Holding before = settled(null);
        long end = System.nanoTime() + Duration.ofMinutes(minutes).toNanos();
        long times = 0;
        while (System.nanoTime() < end) {
            int from = random.nextInt(guests);
            exchange(from, (from + 1) % guests);
            times++;
        }
        return new Result(guests + " guests that stay, minutes: " + minutes, times, frames, before, settled(before));
    }

    /** When what was detached last is gone, and what serves it has ended. */
    private Holding settled(@Nullable Holding before) throws IOException {
        Holding[] last = {Holding.of(backEnd.pid())};
        if (before == null) {
            int[] same = new int[1];
            Await.until(() -> "the back-end is at rest: " + last[0], PATIENCE, () -> {
                Holding now = now();
                same[0] = now.sameBut(last[0]) ? same[0] + 1 : 0;
                last[0] = now;
                return same[0] > 200;
            });
        } else {
            Await.until(() -> "the back-end has what it had: " + before + ", now " + last[0], PATIENCE, () -> {
                last[0] = now();
                return last[0].sameBut(before);
            });
        }
        return last[0];
    }

    private Holding now() {
        try {
            return Holding.of(backEnd.pid());
        } catch (IOException e) {
            throw new AssertionError("the back-end has ended: " + backEnd.lines(), e);
        }
    }

    @Override
    public void close() {
        for (int i = 0; i < guests; i++) {
            detach(i);
        }
        backEnd.close();
    }

    /**
     * Runs one of them.
     *
     * @param arguments {@code churn GUESTS MINUTES}, {@code connections COUNT} or {@code soak GUESTS MINUTES}
     * @throws IOException when the back-end cannot be started
     */
    public static void main(String[] arguments) throws IOException {
        Path directory = WorkingDirectory.make("vhost4j-load");
        int guests = arguments[0].equals("connections") ? 1 : Integer.parseInt(arguments[1]);
        long amount = Long.parseLong(arguments[arguments.length - 1]);
        Result result;
        try (Load load = new Load(directory, guests)) {
            result = switch (arguments[0]) {
                case "churn" -> load.churn(1, amount);
                case "connections" -> load.connections((int) amount);
                case "soak" -> load.soak(amount);
                default -> throw new IllegalArgumentException(arguments[0]);
            };
        }
        System.out.println(result.row());
        if (!result.flat()) {
            System.err.println("load: the back-end has more than before");
            System.exit(1);
        }
    }
}
