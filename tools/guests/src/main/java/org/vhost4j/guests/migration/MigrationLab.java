// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.migration;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.vhost4j.guests.lab.Guest;
import org.vhost4j.guests.lab.GuestFailure;
import org.vhost4j.guests.lab.Lab;
import tools.jackson.databind.JsonNode;

/**
 * A guest that moves between two simulated hosts on this machine, each with a back-end and a TAP on one bridge. A peer on the bridge sends
 * the guest 1,000 datagrams per second and 1 MB per second over TCP, and the guest returns them. The lab records QEMU's {@code total-time} and
 * {@code downtime}, the data lost, and the longest time without data. It needs root, to create a network namespace.
 *
 * <p>Calls block. An object is used by one thread at a time.
 */
public final class MigrationLab implements AutoCloseable {
    /** The peer's address on the bridge. */
    public static final String PEER = Network.PEER;

    /** The time limit for a migration, which is longer than a migration on a busy machine. */
    static final Duration PATIENCE = Duration.ofMinutes(2);

    static final Set<String> ENDS = Set.of("completed", "failed", "cancelled");
    static final long SLOW_BYTES_PER_SECOND = 1 << 20;
    static final long FAST_BYTES_PER_SECOND = 1L << 30;
    /** The device property that disables a feature which every guest of the lab has acknowledged, for a destination that lacks it. */
    private static final String LACKING = ",event_idx=off";
    /**
     * Number of bytes that are transferred before an event: the migration has then run for about a second, with the log
     * in use.
     */
    private static final long IN_USE_BYTES = 1 << 20;

    private final Variant variant;
    private final Network network;
    private Host here;
    private Host there;
    private final Stream stream;

    private MigrationLab(Variant variant, Network network, Host here, Host there, Stream stream) {
        this.variant = variant;
        this.network = network;
        this.here = here;
        this.there = there;
        this.stream = stream;
    }

    /**
     * Starts both back-ends, boots the guest at the first host and starts the stream.
     *
     * @param lab the scripts, which have been provisioned
     * @param directory a directory for this lab's files only, with a short path
     * @param program the back-end of both hosts
     * @param variant the properties of the guest
     * @return the lab, whose guest has traffic
     * @throws IOException when something does not start
     */
    public static MigrationLab start(Lab lab, Path directory, BackEndProgram program, Variant variant)
            throws IOException {
        return start(lab, directory, program, program, variant);
    }

    /**
     * Starts two different back-ends, boots the guest at the first host and starts the stream.
     *
     * @param lab the scripts, which have been provisioned
     * @param directory a directory for this lab's files only, with a short path
     * @param first the back-end of the host where the guest boots
     * @param second the back-end of the other host
     * @param variant the properties of the guest
     * @return the lab, whose guest has traffic
     * @throws IOException when something does not start
     */
    public static MigrationLab start(
            Lab lab, Path directory, BackEndProgram first, BackEndProgram second, Variant variant) throws IOException {
        Network network = Network.create("v4jmig" + ProcessHandle.current().pid());
        Host here = null;
        Host there = null;
        try {
            here = new Host("v4jm0", variant.firstQemu(), lab, directory, network, first, variant);
            here.boot();
            there = new Host("v4jm1", variant.secondQemu(), lab, directory, network, second, variant);
            here.configureGuest();
            Stream stream = Stream.start(network, lab.files().resolve("stream"), Network.GUEST);
            MigrationLab running = new MigrationLab(variant, network, here, there, stream);
            // The stream runs steadily after its first mark.
            Interval unused = stream.mark();
            return running;
        } catch (IOException | RuntimeException e) {
            IOException failure = new IOException(
                    e.getMessage() + "\n" + (here == null ? "" : here.logs()) + (there == null ? "" : there.logs()), e);
            if (here != null) {
                here.close();
            }
            if (there != null) {
                there.close();
            }
            network.close();
            throw failure;
        }
    }

    /**
     * Moves the guest to the other host.
     *
     * @param compare whether to stop the guest on arrival and compare all of its memory with that at the source
     * @return the measurements of the migration
     * @throws IOException when a QEMU does not start or memory cannot be read
     */
    public Round migrate(boolean compare) throws IOException {
        return guarded(() -> {
            there.expect(compare, "");
            Interval quiet = stream.mark();
            return arrive(quiet, compare);
        });
    }

    private Round arrive(Interval quiet, boolean compare) throws IOException {
        begin(FAST_BYTES_PER_SECOND);
        return finishMove(quiet, compare);
    }

    /** Waits for the end of a migration that has begun; the current host is then the destination. */
    Round finishMove(Interval quiet, boolean compare) throws IOException {
        finish("completed");
        String end = there.monitor().awaitMigration(ENDS, PATIENCE);
        if (!end.equals("completed")) {
            throw new GuestFailure("the destination says " + end);
        }
        JsonNode info = here.monitor().execute("query-migrate", "{}");
        List<Long> differing = List.of();
        if (compare) {
            differing =
                    GuestMemory.differingPages(here.guest().pid(), there.guest().pid());
            there.monitor().execute("cont", "{}");
        }
        // Datagrams that do not return within the first second also belong to the migration.
        Interval event = stream.mark().and(stream.mark());
        swap();
        there.leave();
        return Round.of(quiet, event, info, compare, differing);
    }

    /**
     * Transfers the guest and its memory to a QEMU with another back-end by {@code cpr-transfer}: memory is neither copied nor logged. The
     * variant is one {@linkplain Variant#withEvents() with events}.
     *
     * @return the measurements of the transfer
     * @throws IOException when a QEMU does not start
     */
    public Round transfer() throws IOException {
        return guarded(() -> {
            CompletableFuture<Void> starting = there.expectMemory();
            Interval quiet = stream.mark();
            Monitor source = here.monitor();
            source.execute(
                    "migrate-set-capabilities", "{\"capabilities\":[{\"capability\":\"events\",\"state\":true}]}");
            source.execute("migrate-set-parameters", "{\"mode\":\"cpr-transfer\"}");
            source.execute("migrate", "{\"channels\":" + there.channels() + "}");
            finish("completed");
            starting.join();
            JsonNode info = source.execute("query-migrate", "{}");
            Interval event = stream.mark().and(traffic());
            swap();
            there.leave();
            return Round.of(quiet, event, info, false, List.of());
        });
    }

    /**
     * Starts a migration, cancels it after the dirty log has been in use for a while, and completes a second one.
     *
     * @return the measurements of the second migration; its quiet interval begins before the first one and ends after the source has
     *     resumed
     * @throws IOException when a QEMU does not start
     */
    public Round cancelAndRetry() throws IOException {
        return guarded(() -> {
            there.expect(false, "");
            begin(SLOW_BYTES_PER_SECOND);
            awaitUse();
            here.monitor().execute("migrate_cancel", "{}");
            finish("cancelled");
            requireRunning();
            there.expect(false, "");
            Interval quiet = stream.mark();
            return arrive(quiet, false);
        });
    }

    /**
     * Starts a new back-end that takes over the guest and the ports of the guest's current back-end.
     *
     * @return the stream just before the takeover, and from the new back-end's start until one second after the old one's end
     * @throws IOException when the takeover fails
     */
    public List<Interval> takeOver() throws IOException {
        return guarded(() -> {
            Interval quiet = stream.mark();
            here.replaceBackEnd();
            return List.of(quiet, stream.mark().and(stream.mark()));
        });
    }

    /**
     * Kills the guest's back-end (SIGKILL), and restarts it.
     *
     * @return the stream just before the crash, and from the crash until traffic flows
     * @throws IOException when the back-end does not start again
     */
    public List<Interval> crash() throws IOException {
        return guarded(() -> {
            Interval quiet = stream.mark();
            here.killBackEnd();
            here.restartBackEnd();
            return List.of(quiet, traffic());
        });
    }

    /**
     * Tries to move the guest to a host whose device lacks a feature, and checks that it continues to run at the source: by itself with a
     * return path, otherwise after {@code cont}.
     *
     * @return the observations of the stream during the attempt
     * @throws IOException when a QEMU does not start
     */
    public Interval refuse() throws IOException {
        return attempt(LACKING).event();
    }

    /**
     * The result of an attempt that did not move the guest.
     *
     * @param event the observations of the stream during the attempt
     * @param destination the output of the destination's QEMU
     */
    public record Attempt(Interval event, String destination) {}

    /**
     * Tries to move the guest to a host that refuses its current configuration, and checks that it continues to run at the source, as in
     * {@link #refuse}.
     *
     * @return the result of the attempt
     * @throws IOException when a QEMU does not start, or the guest moves
     */
    public Attempt attempt() throws IOException {
        return attempt("");
    }

    private Attempt attempt(String further) throws IOException {
        return guarded(() -> {
            there.expect(false, further);
            Interval unused = stream.mark();
            begin(FAST_BYTES_PER_SECOND);
            String end = here.monitor().awaitMigration(ENDS, PATIENCE);
            if (variant.returnPath() && !end.equals("failed")) {
                throw new GuestFailure("the source treats a refused migration as " + end);
            }
            if (end.equals("completed")) {
                // Without a return path the source is not notified of the refusal. QEMU accepts cont shortly after it
                // reports the end.
                requireStatus(
                        "the source does not end the migration",
                        status -> !status.path("status").asString("").equals("finish-migrate"));
                here.monitor().execute("cont", "{}");
            }
            requireRunning();
            Interval event = stream.mark().and(traffic());
            String destination = there.guest().qemuLog();
            there.leave();
            return new Attempt(event, destination);
        });
    }

    /**
     * Migrates the guest while the source's back-end marks dirty pages in a log that QEMU does not read, and compares memory.
     *
     * @param directory a directory for a socket
     * @return the offsets of the pages that differ, which a migration would lose
     * @throws IOException when a QEMU does not start or memory cannot be read
     */
    public List<Long> migrateWithoutLog(Path directory) throws IOException {
        Path between = directory.resolve("between.vhost");
        try (LogThief thief = new LogThief(between, there.socket())) {
            Path direct = there.socket();
            return guarded(() -> {
                there.attachBy(between);
                there.expect(false, "");
                Round unused = arrive(stream.mark(), false);
                there.expect(true, "");
                Round lost = arrive(stream.mark(), true);
                there.attachBy(direct);
                if (thief.stolen() == 0) {
                    throw new GuestFailure("QEMU sent no log");
                }
                return lost.differingPages();
            });
        }
    }

    /**
     * Returns the guest at its current host.
     *
     * @return the guest, valid until it moves
     */
    public Guest guest() {
        return here.guest();
    }

    /**
     * Returns the command line that runs a command on the peer.
     *
     * @param command the program and its arguments
     * @return the command line; the command ends with this process
     */
    public List<String> atPeer(List<String> command) {
        return network.inside(command);
    }

    /** Returns the messages of the guest's kernel, such as one about a transmit queue that hangs. */
    public String guestMessages() {
        return here.guest().must("dmesg -r | grep -v '^<[67]' | tail -20; true");
    }

    /**
     * Waits until datagrams return that were sent after this call.
     *
     * @return the observations of the stream meanwhile, without datagrams that returned later than one second after they had been sent
     */
    Interval traffic() {
        Interval seen = stream.mark();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            Interval next = stream.mark();
            seen = seen.and(next);
            if (next.lost() < next.sent()) {
                return seen;
            } else if (System.nanoTime() > deadline) {
                throw new GuestFailure("no traffic: " + next);
            }
        }
    }

    /** Waits until a migration has run long enough for the log to be in use. */
    void awaitUse() throws InterruptedException {
        while (here.monitor()
                        .execute("query-migrate", "{}")
                        .path("ram")
                        .path("transferred")
                        .asLong(0)
                < IN_USE_BYTES) {
            Thread.sleep(20);
        }
    }

    /** Returns the guest's current host. */
    Host here() {
        return here;
    }

    /** Returns the host to which the guest moves next. */
    Host there() {
        return there;
    }

    Network network() {
        return network;
    }

    Stream stream() {
        return stream;
    }

    Variant variant() {
        return variant;
    }

    void setBandwidth(long bytesPerSecond) {
        here.monitor().execute("migrate-set-parameters", "{\"max-bandwidth\":" + bytesPerSecond + "}");
    }

    void begin(long bytesPerSecond) {
        here.capabilities();
        setBandwidth(bytesPerSecond);
        here.monitor().execute("migrate", "{\"uri\":\"unix:" + there.arrival() + "\"}");
    }

    void finish(String wanted) {
        String end = here.monitor().awaitMigration(ENDS, PATIENCE);
        if (!end.equals(wanted)) {
            throw new GuestFailure("the migration should be " + wanted + ", and it has " + end + ": "
                    + here.monitor().execute("query-migrate", "{}"));
        }
    }

    /** Waits until the guest runs at its current host. */
    void requireRunning() throws InterruptedException {
        requireStatus(
                "the source does not run", status -> status.path("running").asBoolean(false));
    }

    private void requireStatus(String trouble, Predicate<JsonNode> wanted) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        JsonNode status = here.monitor().execute("query-status", "{}");
        while (!wanted.test(status)) {
            if (System.nanoTime() > deadline) {
                throw new GuestFailure(trouble + ": " + status);
            }
            Thread.sleep(5);
            status = here.monitor().execute("query-status", "{}");
        }
    }

    private void swap() {
        Host left = here;
        here = there;
        there = left;
    }

    interface Task<T> {
        T run() throws IOException, InterruptedException;
    }

    /** Runs a task; if it fails, adds the output of the QEMUs and back-ends to the failure. */
    <T> T guarded(Task<T> task) throws IOException {
        try {
            return task.run();
        } catch (GuestFailure e) {
            throw new IOException(variant.name() + ": " + e.getMessage() + "\n" + here.logs() + "\n" + there.logs(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    @Override
    public void close() {
        stream.close();
        here.close();
        there.close();
        network.close();
    }
}
