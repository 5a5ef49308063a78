// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.load;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.DirtyLog;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.RamSetup;
import org.vhost4j.tools.common.UnsupportedOption;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code vhost4j bench load}: the front-end of a measurement, which {@code bench peer} starts. */
@Command(
        name = "load",
        description = "Runs a front-end that generates traffic; bench peer starts it.",
        hidden = true,
        mixinStandardHelpOptions = true)
public final class LoadCommand implements Callable<Integer> {
    private static final int MOST_SLOTS_OF_SUPER_FRAMES = 64;
    private static final int PAGE = 4096;
    private static final int ALIGNED = 64;
    /** Memory in bytes that {@link NetDriver} itself needs for each pair, with some reserve. */
    private static final long DRIVER_BYTES = 4L << 20;

    /** Memory in bytes for rings of frames of several shapes. */
    private static final long DRAIN_BYTES = 16L << 20;

    /** The kind of traffic to generate. */
    public enum What {
        /** Every guest sends. */
        SEND,
        /** Every guest receives. */
        RECEIVE,
        /** In each pair of guests the first sends and the second receives. */
        THROUGH,
        /**
         * A guest sends whole rings, which the device drops or passes to a second guest; {@link DrainLoop} receives its
         * sockets.
         */
        DRAIN,
        /** The first guest sends frames and receives them again, to measure round trips. */
        ROUND_TRIP,
        /** The guests are attached and idle. */
        ATTACH,
        /** Copies the bytes of a super-frame, without any guest. */
        COPY
    }

    @Parameters(paramLabel = "WHAT")
    @SuppressWarnings("NullAway.Init")
    private What what;

    @Option(names = "--socket", paramLabel = "PATH")
    private List<Path> sockets = List.of();

    @Option(names = "--bytes", paramLabel = "N")
    private int bytes = 64;

    @Option(names = "--ring-size", paramLabel = "N")
    private int ringSize = 1024;

    @Option(names = "--packed")
    private boolean packed;

    @Option(names = "--mergeable")
    private boolean mergeable;

    @Option(names = "--event-idx")
    private boolean eventIdx;

    @Option(names = "--indirect")
    private boolean indirect;

    @Option(names = "--pieces", paramLabel = "N")
    private int pieces = 1;

    @Option(names = "--pages")
    private boolean pages;

    @Option(names = "--frame", paramLabel = "KIND")
    private LoadFrame.Kind kind = LoadFrame.Kind.PLAIN;

    @Option(names = "--receive-offloads")
    private boolean receiveOffloads;

    @Option(names = "--buffer-bytes", paramLabel = "N")
    private int bufferBytes = 1536;

    /** Whether every write of a back-end whose rings are drained is logged. */
    @Option(names = "--logged")
    private boolean logged;

    @Option(names = "--interval-us", paramLabel = "N")
    private int intervalMicros = 100;

    /** Creates the command, for picocli. */
    public LoadCommand() {}

    @Override
    public Integer call() throws IOException {
        List<NetDriver> drivers = new ArrayList<>();
        try {
            for (int i = 0; i < sockets.size(); i++) {
                NetSetup setup = setup(what == What.THROUGH && i % 2 == 1);
                NetDriver driver = NetDriver.attach(sockets.get(i), setup);
                drivers.add(driver);
                requireAll(driver, setup);
            }
            if (what == What.DRAIN) {
                new DrainLoop(this::drain).run(System.out);
            } else {
                new Worker(job(drivers)).run(System.out);
            }
            return 0;
        } catch (FrontEndException e) {
            throw new UnsupportedOption(String.valueOf(e.getMessage()));
        } finally {
            drivers.forEach(NetDriver::close);
        }
    }

    /** Attaches guests to a back-end whose rings are drained. */
    private DrainJob drain(List<Path> guests) {
        List<NetDriver> drivers = new ArrayList<>();
        try {
            for (Path socket : guests) {
                NetSetup setup = setup(false);
                NetDriver driver = NetDriver.attach(socket, setup);
                drivers.add(driver);
                requireAll(driver, setup);
            }
            List<FrameReceiver> receivers = drivers.stream().map(this::receiver).toList();
            List<DirtyLog> logs = logged ? logs(drivers) : List.of();
            return new DrainJob(drivers, receivers, logs);
        } catch (RuntimeException e) {
            drivers.forEach(NetDriver::close);
            throw e;
        }
    }

    /** Makes the back-end log its writes to each guest. */
    private static List<DirtyLog> logs(List<NetDriver> drivers) {
        List<DirtyLog> logs = new ArrayList<>();
        for (NetDriver driver : drivers) {
            DirtyLog log =
                    DirtyLog.create(driver.ram().guestAddress() + driver.ram().bytes());
            logs.add(log);
            log.begin(driver);
            driver.frontEnd().barrier();
        }
        return logs;
    }

    /** Checks that all requested features were negotiated, so that the requested setup is measured. */
    private static void requireAll(NetDriver driver, NetSetup setup) {
        long missing = setup.features() & ~driver.features() & ~Feature.ANY_LAYOUT.mask();
        if (missing != 0) {
            throw new UnsupportedOption("the back-end does not offer " + FeatureSet.ofWord(missing));
        }
    }

    private Job job(List<NetDriver> drivers) {
        return switch (what) {
            case SEND -> new TrafficJob(drivers.stream().map(this::sender).toList(), List.of());
            case RECEIVE ->
                new TrafficJob(List.of(), drivers.stream().map(this::receiver).toList());
            case THROUGH -> {
                List<FrameSender> senders = new ArrayList<>();
                List<FrameReceiver> receivers = new ArrayList<>();
                for (int i = 0; i + 1 < drivers.size(); i += 2) {
                    senders.add(sender(drivers.get(i)));
                    receivers.add(receiver(drivers.get(i + 1)));
                }
                yield new TrafficJob(senders, receivers);
            }
            case ROUND_TRIP ->
                new RoundTripJob(
                        sender(drivers.getFirst()),
                        receiver(drivers.getFirst()),
                        TimeUnit.MICROSECONDS.toNanos(intervalMicros));
            case ATTACH, DRAIN -> new TrafficJob(List.of(), List.of());
            case COPY ->
                new CopyJob(
                        MOST_SLOTS_OF_SUPER_FRAMES,
                        LoadFrame.of(LoadFrame.Kind.TSO, DriverHeader.BYTES, 0).size());
        };
    }

    private FrameSender sender(NetDriver driver) {
        LoadFrame frame = LoadFrame.of(kind, driver.headerBytes(), bytes);
        return new FrameSender(driver.transmitQueue(0), frame, cut(frame), indirect, slots(), stride());
    }

    private FrameReceiver receiver(NetDriver driver) {
        return new FrameReceiver(
                driver.receiveQueue(0), Feature.MRG_RXBUF.in(driver.features()), bufferBytes, ringSize);
    }

    private int[] cut(LoadFrame frame) {
        return frame.cut(pieces, pages ? PAGE : 0);
    }

    private int slots() {
        return kind == LoadFrame.Kind.PLAIN ? ringSize : Math.min(ringSize, MOST_SLOTS_OF_SUPER_FRAMES);
    }

    /** Returns the distance between pieces: a page when the payload is in pages. */
    private int stride() {
        return pages ? PAGE : 0;
    }

    private NetSetup setup(boolean receives) {
        List<Feature> features = new ArrayList<>(List.of(Feature.VERSION_1, Feature.ANY_LAYOUT));
        add(features, mergeable, Feature.MRG_RXBUF);
        add(features, eventIdx, Feature.EVENT_IDX);
        add(features, indirect && !receives, Feature.INDIRECT_DESC);
        add(features, packed, Feature.RING_PACKED);
        if (kind != LoadFrame.Kind.PLAIN && !receives) {
            features.addAll(List.of(Feature.CSUM, Feature.HOST_TSO4, Feature.HOST_USO));
        }
        if (receiveOffloads && receives) {
            features.addAll(List.of(
                    Feature.GUEST_CSUM,
                    Feature.GUEST_TSO4,
                    Feature.GUEST_TSO6,
                    Feature.GUEST_USO4,
                    Feature.GUEST_USO6));
        }
        NetSetup plain = NetSetup.full().only(features.toArray(new Feature[0]));
        LoadFrame frame = LoadFrame.of(kind, DriverHeader.BYTES, bytes);
        long slots = what == What.DRAIN
                ? DRAIN_BYTES
                : (long) slots() * FrameSender.slotBytes(frame.size(), cut(frame), stride());
        long buffers = (long) ringSize * (bufferBytes + ALIGNED & -ALIGNED);
        long rings = (long) ringSize * (indirect ? 4096 : 64);
        long ram = DRIVER_BYTES + slots + buffers + rings + PAGE - 1 & -PAGE;
        NetSetup wanted = logged ? plain.withLog() : plain;
        return new NetSetup(
                plain.features(),
                wanted.protocolFeatures(),
                1,
                ringSize,
                NetSetup.PLAIN_FRAME_BYTES,
                0,
                ChainShape.TOGETHER,
                new RamSetup(ram, false, false));
    }

    private static void add(List<Feature> features, boolean wanted, Feature feature) {
        if (wanted) {
            features.add(feature);
        }
    }
}
