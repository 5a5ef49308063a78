// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;

/**
 * Two guests that exchange numbered frames both ways at a fixed rate, to see whether an event of a third disturbs them.
 * The load is an open loop: each frame carries the time at which it was due, so a stall of the back-end is part of the
 * latency of every delayed frame.
 *
 * <p>Used by one thread. Frames are sent only during {@link #quiet} and {@link #during}.
 */
public final class Neighbours implements AutoCloseable {
    /** The default number of frames per second that each of the two sends. */
    public static final int FRAMES_PER_SECOND = 2_000;

    private static final Duration WARM_UP = Duration.ofMillis(300);

    /** How long a measure waits in the end for frames that are on their way. */
    private Duration lastFrames = Duration.ofSeconds(60);

    private final NumberedFrames oneWay;
    private final NumberedFrames back;
    private final NetDriver one;
    private final NetDriver two;

    private int framesPerSecond = FRAMES_PER_SECOND;

    private Neighbours(NetDriver one, NetDriver two) {
        this.one = one;
        this.two = two;
        this.oneWay = new NumberedFrames(one, two, 0xa1, 0xa2);
        this.back = new NumberedFrames(two, one, 0xa2, 0xa1);
    }

    /**
     * Changes the rate of both senders.
     *
     * @param frames frames per second
     */
    public void rate(int frames) {
        framesPerSecond = frames;
    }

    /** An event at the back-end during a measurement. */
    public interface Event {
        /** Runs in the caller's thread; the measure ends when it has returned, and not before its shortest time. */
        void run() throws Exception;
    }

    /**
     * Attaches two guests and lets them exchange frames for a moment, so that the back-end knows their addresses.
     *
     * @param socketA one socket of a back-end
     * @param socketB another socket of the same bridge
     * @return the pair; close it before the back-end
     */
    public static Neighbours attach(Path socketA, Path socketB) {
        return attach(socketA, socketB, NetSetup.full());
    }

    /**
     * Attaches two guests with other queues or features.
     *
     * @param socketA one socket of a back-end
     * @param socketB another socket of the same bridge
     * @param setup features and queues of both guests
     * @return the pair; close it before the back-end
     */
    public static Neighbours attach(Path socketA, Path socketB, NetSetup setup) {
        NetDriver one = NetDriver.attach(socketA, setup);
        try {
            NetDriver two = NetDriver.attach(socketB, setup);
            Neighbours neighbours = new Neighbours(one, two);
            try {
                // The first frame of each is flooded, the others are switched.
                Report warmUp = neighbours.quiet(WARM_UP);
                assertThat(warmUp.lost())
                        .as("frames lost before anything happened: %s", warmUp)
                        .isZero();
                return neighbours;
            } catch (RuntimeException | AssertionError e) {
                two.close();
                throw e;
            }
        } catch (RuntimeException | AssertionError e) {
            one.close();
            throw e;
        }
    }

    /**
     * Measures without an event.
     *
     * @param length duration of the measurement
     * @return the result
     */
    public Report quiet(Duration length) {
        return measure(length, () -> {});
    }

    /**
     * Measures during an event.
     *
     * @param shortest minimum duration of the measurement, also after a short event
     * @param event the event
     * @return the result
     */
    public Report during(Duration shortest, Event event) {
        return measure(shortest, event);
    }

    /**
     * Checks that an event did not disturb the two guests: no frame was lost, duplicated or damaged, and the 99 %
     * latency is within the limit.
     *
     * @param quiet the measurement without the event, from the same run
     * @param during the measurement with the event
     * @param limit the limit of the 99 % latency
     */
    public static void assertUndisturbed(Report quiet, Report during, Limit limit) {
        assertIntact(quiet, "without the event");
        assertIntact(during, "with the event");
        assertThat(limit.allows(quiet, during))
                .as("%s: quiet %s; during %s", limit, quiet, during)
                .isTrue();
    }

    /**
     * Checks that no frame was lost, duplicated or damaged.
     *
     * @param report the measurement
     * @param when name of the measurement, for the failure's message
     */
    public static void assertIntact(Report report, String when) {
        assertThat(report.lost()).as("lost %s: %s", when, report).isZero();
        assertThat(report.doubled()).as("doubled %s: %s", when, report).isZero();
        assertThat(report.damaged()).as("damaged %s: %s", when, report).isZero();
    }

    private Report measure(Duration shortest, Event event) {
        Exchange exchange = new Exchange(oneWay, back, 1_000_000_000L / framesPerSecond, lastFrames);
        long start = System.nanoTime();
        try {
            event.run();
        } catch (Exception e) {
            throw new AssertionError("the event itself failed", e);
        } finally {
            exchange.endAfter(start + shortest.toNanos());
        }
        return exchange.report();
    }

    /** Makes measurements not wait any longer for frames that are on their way, where some are to be lost. */
    void expectLosses() {
        lastFrames = Duration.ofMillis(500);
    }

    /** Returns the driver of the first guest, for use between measurements. */
    public NetDriver one() {
        return one;
    }

    /** Returns the driver of the second guest, for use between measurements. */
    public NetDriver two() {
        return two;
    }

    @Override
    public void close() {
        one.close();
        two.close();
    }
}
