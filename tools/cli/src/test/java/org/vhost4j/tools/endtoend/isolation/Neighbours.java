// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;

/**
 * Two guests that exchange numbered frames both ways at a fixed rate, to see whether an event of a third disturbs them. The load is an
 * open loop: each frame carries the time at which it was due, so a stall of the back-end is in the latency of every frame that it held up.
 *
 * <p>One thread calls this object. Frames are on their way only during {@link #quiet} and {@link #during}.
 */
public final class Neighbours implements AutoCloseable {
    /** Frames a second that each of the two sends. */
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
     * Makes each of the two send at another rate from now on.
     *
     * @param frames a second
     */
    public void rate(int frames) {
        framesPerSecond = frames;
    }

    /** What happens to the back-end while the neighbours are watched. */
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
     * @param setup of both
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
     * Measures while nothing happens.
     *
     * @param length for how long
     * @return what was seen
     */
    public Report quiet(Duration length) {
        return measure(length, () -> {});
    }

    /**
     * Measures while an event takes place.
     *
     * @param shortest the measure continues for this long, when the event is over before
     * @param event what happens
     * @return what was seen
     */
    public Report during(Duration shortest, Event event) {
        return measure(shortest, event);
    }

    /**
     * Demands that an event did not disturb the two: no frame lost, doubled or damaged, and a 99 % latency near the quiet one.
     *
     * @param quiet the measure without the event, taken in the same run
     * @param during the measure with the event
     * @param limit by how much the 99 % latency may be longer
     */
    public static void assertUndisturbed(Report quiet, Report during, Limit limit) {
        assertIntact(quiet, "without the event");
        assertIntact(during, "with the event");
        assertThat(limit.allows(quiet, during))
                .as("%s: quiet %s; during %s", limit, quiet, during)
                .isTrue();
    }

    /**
     * Demands that no frame was lost, doubled or damaged.
     *
     * @param report the measure
     * @param when it was taken
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

    /** The first guest, for what an event needs of it while no measure runs. */
    public NetDriver one() {
        return one;
    }

    /** The second guest, for what an event needs of it while no measure runs. */
    public NetDriver two() {
        return two;
    }

    @Override
    public void close() {
        one.close();
        two.close();
    }
}
