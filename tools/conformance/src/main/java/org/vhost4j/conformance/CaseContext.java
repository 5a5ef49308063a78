// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.conformance.trace.TraceRecorder;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.Offer;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;

/**
 * One run of one case: the connections to the back-end, which are closed at the end, the back-end's offer, and notes of what the case did,
 * which become the evidence when it fails.
 */
public final class CaseContext implements AutoCloseable {
    /** The number of the driver's own MAC address, the source of its frames; see {@link PacketBuilder#mac}. */
    public static final int OURS = 1;

    private static final int THEIRS = 2;

    /** Number of distinct frames reserved for each seed: more than any case sends. */
    private static final long FRAMES_OF_A_SEED = 1_000_003;

    private static final int MOST_NOTES = 12;
    private static final long NAP_NANOS = 20_000;

    private final Case tried;
    private final BackEndUnderTest backEnd;
    private final Offer offer;
    private final LoopMode loop;
    private final Duration patience;
    private final Duration quiet;
    private final long seed;
    private final @Nullable TraceRecorder recorder;
    private final List<String> notes = new ArrayList<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private String lastNote = "";
    private int repeated;
    private int frames;

    CaseContext(
            Case tried,
            BackEndUnderTest backEnd,
            Offer offer,
            LoopMode loop,
            Duration patience,
            Duration quiet,
            long seed,
            @Nullable TraceRecorder recorder) {
        this.tried = tried;
        this.backEnd = backEnd;
        this.offer = offer;
        this.loop = loop;
        this.patience = patience;
        this.quiet = quiet;
        this.seed = seed;
        this.recorder = recorder;
    }

    /**
     * Returns the features that the back-end offered when the suite began.
     *
     * @return the offer
     */
    public Offer offer() {
        return offer;
    }

    /**
     * Returns the mode in which the back-end returns frames.
     *
     * @return the mode
     */
    public LoopMode loop() {
        return loop;
    }

    /**
     * Returns whether the case uses packed queues.
     *
     * @return the value of {@link Case#packed}
     */
    public boolean packed() {
        return tried.packed();
    }

    /**
     * Returns the maximum time to wait for an answer or frame.
     *
     * @return the timeout that the user set
     */
    public Duration patience() {
        return patience;
    }

    /**
     * Returns the time to wait before concluding that nothing arrives.
     *
     * @return a twentieth of the timeout
     */
    public Duration quiet() {
        return quiet;
    }

    /**
     * Creates the random generator of the case: the same seed and case give the same sequence.
     *
     * @return a new generator
     */
    public SplittableRandom random() {
        return new SplittableRandom(seed ^ (long) tried.name().hashCode() << Integer.SIZE);
    }

    /**
     * Opens a connection on which only GET_FEATURES has been sent.
     *
     * @return the connection, which is closed with the context
     */
    public FrontEnd connect() {
        FrontEnd frontEnd = backEnd.connect();
        frontEnd.patience(patience);
        open.add(frontEnd);
        return frontEnd;
    }

    /**
     * Returns the setup of a driver without offloads: every ring feature, mergeable buffers, one queue pair.
     *
     * @return the setup, with packed rings when the case uses them
     */
    public NetSetup setup() {
        NetSetup setup = NetSetup.full().withoutOffloads();
        return tried.packed() ? setup.packed() : setup;
    }

    /**
     * Connects, negotiates and starts a device.
     *
     * @param setup the features, queues and memory that the driver requests
     * @return the driver, which is closed with the context
     */
    public NetDriver attach(NetSetup setup) {
        NetDriver driver = NetDriver.attach(connect(), setup);
        open.add(driver);
        return driver;
    }

    /**
     * Connects, negotiates and starts a device for a driver without VERSION_1.
     *
     * @param setup the features, queues and memory that the driver requests
     * @return the driver, which is closed with the context
     * @throws NotApplicable when the back-end does not support such drivers, as virtio 1.4 section 6.2 allows
     */
    public NetDriver attachLegacy(NetSetup setup) {
        try {
            return attach(setup);
        } catch (FrontEndException.Closed | FrontEndException.Refused e) {
            throw new NotApplicable(
                    "the back-end does not support drivers without VERSION_1, as virtio 1.4, 6.2 allows");
        }
    }

    /**
     * Connects, negotiates features and prepares queues, but sends no message about queues or memory.
     *
     * @param setup the features, queues and memory that the driver requests
     * @return the driver, which is closed with the context
     */
    public NetDriver negotiated(NetSetup setup) {
        NetDriver driver = NetDriver.negotiated(connect(), setup);
        open.add(driver);
        return driver;
    }

    /**
     * Registers a resource that is closed with the context. Resources are closed in reverse order of registration.
     *
     * @param thing the resource
     * @return the resource
     * @param <T> the type of the resource
     */
    public <T extends AutoCloseable> T keep(T thing) {
        open.add(thing);
        return thing;
    }

    /**
     * Records a step of the case.
     *
     * @param format as for {@link String#format}
     * @param arguments as for {@link String#format}
     */
    @SuppressWarnings("AnnotateFormatMethod") // The library with the annotation is not a dependency.
    public void note(String format, Object... arguments) {
        String line = format.formatted(arguments);
        if (recorder != null) {
            recorder.note(line);
        }
        if (line.equals(lastNote)) {
            repeated++;
            notes.set(notes.size() - 1, line + " (" + repeated + " times)");
            return;
        }
        lastNote = line;
        repeated = 1;
        if (notes.size() == MOST_NOTES) {
            notes.set(MOST_NOTES / 2, "…");
            notes.remove(MOST_NOTES / 2 + 1);
        }
        notes.add(line);
    }

    List<String> notes() {
        return notes;
    }

    /**
     * Creates the exception that reports a failure.
     *
     * @param format what the back-end did, as for {@link String#format}
     * @param arguments the arguments of the format
     * @return the exception, to be thrown by the caller
     */
    @SuppressWarnings("AnnotateFormatMethod")
    public Violation violation(String format, Object... arguments) {
        return new Violation(format.formatted(arguments), tried.section() + ": " + tried.says());
    }

    /**
     * Fails the case unless a condition is true.
     *
     * @param holds whether the condition is true
     * @param format what the back-end did when the condition is false, as for {@link String#format}
     * @param arguments the arguments of the format
     */
    public void require(boolean holds, String format, Object... arguments) {
        if (!holds) {
            throw violation(format, arguments);
        }
    }

    /**
     * Waits until a condition is true.
     *
     * @param longest the longest time to wait
     * @param condition the condition, which is evaluated repeatedly
     * @return false when the condition did not become true in time
     */
    public boolean await(Duration longest, BooleanSupplier condition) {
        long end = System.nanoTime() + longest.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                return false;
            }
            LockSupport.parkNanos(NAP_NANOS);
        }
        return true;
    }

    /**
     * Creates a datagram that differs from those of all other calls on this context.
     *
     * @param payload the length of the payload in bytes
     * @return the builder of a frame that is ready to be sent
     */
    public PacketBuilder datagram(int payload) {
        return PacketBuilder.udp4().macs(OURS, THEIRS).payload(payload, seed * FRAMES_OF_A_SEED + ++frames);
    }

    /**
     * Sets the source and destination MAC address that the suite uses.
     *
     * @param builder any builder
     * @return the same builder
     */
    public static PacketBuilder addressed(PacketBuilder builder) {
        return builder.macs(OURS, THEIRS);
    }

    /**
     * Waits for a frame on any queue pair, by polling instead of interrupts.
     *
     * @param driver the driver
     * @param longest the longest time to wait
     * @return the frame, or nothing when none arrived in time
     */
    public Optional<ReceivedFrame> receive(NetDriver driver, Duration longest) {
        long end = System.nanoTime() + longest.toNanos();
        while (true) {
            Optional<ReceivedFrame> frame = driver.receiveAny(Duration.ZERO);
            if (frame.isPresent() || System.nanoTime() - end > 0) {
                return frame;
            }
            LockSupport.parkNanos(NAP_NANOS);
        }
    }

    /**
     * Waits for a frame on any queue pair, by polling instead of interrupts.
     *
     * @param driver the driver
     * @return the frame
     * @throws Violation when no frame arrived in time
     */
    public ReceivedFrame receive(NetDriver driver) {
        return receive(driver, patience)
                .orElseThrow(() -> violation("no frame was returned within %d ms", patience.toMillis()));
    }

    /**
     * Sends a frame, and requires that it returns undamaged.
     *
     * @param driver a driver whose queues run
     * @param payload the length of the datagram's payload in bytes
     */
    public void exchange(NetDriver driver, int payload) {
        byte[] frame = datagram(payload).complete();
        note("a frame of %d bytes", frame.length);
        driver.send(frame);
        expect(frame, receive(driver));
    }

    /**
     * Sends frames until one returns. After a ring or a descriptor has changed, a back-end that is a switch may drop frames until
     * all its threads have processed the change.
     *
     * @param driver a driver whose queues run
     * @param payload the length of each datagram's payload in bytes
     */
    public void exchangeSoon(NetDriver driver, int payload) {
        List<byte[]> sent = new ArrayList<>();
        long end = System.nanoTime() + patience.toNanos();
        Optional<ReceivedFrame> came;
        do {
            require(
                    sent.isEmpty() || System.nanoTime() - end < 0,
                    "none of %d frames was returned within %d ms",
                    sent.size(),
                    patience.toMillis());
            byte[] frame = datagram(payload).complete();
            sent.add(frame);
            note("a frame of %d bytes", frame.length);
            driver.send(frame);
            came = receive(driver, quiet);
        } while (came.isEmpty());
        while (came.isPresent()) {
            byte[] bytes = came.get().bytes();
            expect(
                    sent.stream()
                            .filter(each -> Arrays.equals(loop.returned(each), bytes))
                            .findFirst()
                            .orElse(sent.getLast()),
                    bytes);
            // Receives late frames, so that none is left for the next exchange.
            came = sent.size() > 1 ? receive(driver, quiet) : Optional.empty();
        }
    }

    /**
     * Fails the case unless a frame returned undamaged.
     *
     * @param sent the frame that was sent
     * @param came the frame that was received
     */
    public void expect(byte[] sent, ReceivedFrame came) {
        expect(sent, came.bytes());
    }

    /**
     * Fails the case unless a frame returned undamaged.
     *
     * @param sent the frame that was sent
     * @param came the frame that was received
     */
    public void expect(byte[] sent, byte[] came) {
        byte[] wanted = loop.returned(sent);
        if (!Arrays.equals(wanted, came)) {
            throw violation("%s", difference(wanted, came));
        }
    }

    /** Describes the difference between a frame and the expected frame. */
    private static String difference(byte[] wanted, byte[] came) {
        int at = Arrays.mismatch(wanted, came);
        String where = at < Math.min(wanted.length, came.length)
                ? ", byte %d is 0x%02x instead of 0x%02x".formatted(at, came[at] & 0xff, wanted[at] & 0xff)
                : "";
        return "a frame of %d bytes instead of %d%s%n%s"
                .formatted(came.length, wanted.length, where, "first bytes: " + beginning(came));
    }

    /**
     * Formats the beginning of a frame.
     *
     * @param frame any frame
     * @return up to 54 bytes in hexadecimal
     */
    public static String beginning(byte[] frame) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < Math.min(frame.length, 54); i++) {
            text.append(i > 0 && i % 2 == 0 ? " " : "").append("%02x".formatted(frame[i] & 0xff));
        }
        return text + (frame.length > 54 ? " …" : "");
    }

    /**
     * Formats a header.
     *
     * @param header any header
     * @return its fields, named as in the specification
     */
    public static String describe(DriverHeader header) {
        return "flags=0x%x gso_type=0x%x hdr_len=%d gso_size=%d csum_start=%d csum_offset=%d num_buffers=%d"
                .formatted(
                        header.flags(),
                        header.gsoType(),
                        header.hdrLen(),
                        header.gsoSize(),
                        header.csumStart(),
                        header.csumOffset(),
                        header.numBuffers());
    }

    /**
     * Waits, by polling, until the device has used all chains of a queue, and collects them. Not for transmit queues on
     * which the driver has sent frames, because the driver itself has to collect those buffers.
     *
     * @param queue a queue of a driver that this context attached
     * @throws Violation when some chains were not used in time
     */
    public void awaitUsed(FrontEndQueue queue) {
        RingDriver ring = queue.ring();
        boolean used = await(patience, () -> {
            while (ring.collect()) {
                // All chains are collected.
            }
            return ring.inFlight() == 0;
        });
        require(
                used,
                "%d chains of queue %d were not used within %d ms",
                ring.inFlight(),
                queue.index(),
                patience.toMillis());
    }

    /**
     * Makes a queue's chains available to the device and kicks it, regardless of notification suppression.
     *
     * @param queue a queue of a driver that this context attached
     */
    public static void publishAndKick(FrontEndQueue queue) {
        queue.ring().publish();
        queue.kick().signal();
    }

    /**
     * Returns whether the driver acknowledged a feature.
     *
     * @param driver the driver
     * @param feature the feature
     * @return true when the driver acknowledged it
     */
    public static boolean has(NetDriver driver, Feature feature) {
        return feature.in(driver.features());
    }

    /** Closes all resources in reverse order. */
    @Override
    public void close() {
        for (AutoCloseable each : open.reversed()) {
            try {
                each.close();
            } catch (Exception e) {
                // The result of the case does not depend on this; descriptors are closed anyway.
                note("closing failed: %s", String.valueOf(e.getMessage()));
            }
        }
        open.clear();
    }
}
