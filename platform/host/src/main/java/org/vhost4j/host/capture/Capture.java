// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.capture;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.capture.CaptureFilter;
import org.vhost4j.device.capture.CaptureOptions;
import org.vhost4j.device.capture.CaptureRing;
import org.vhost4j.device.capture.CaptureStatus;
import org.vhost4j.device.capture.FrameTap;
import org.vhost4j.sys.ControlThread;

/**
 * A capture: a thread that writes the frames that taps on ports have copied to a file. Lanes never wait for it. The thread polls for copied
 * frames, every few milliseconds when there were none; frames that do not fit into the buffer until then are counted as dropped.
 *
 * <p>Frames of one lane are written in the order in which they were copied. Frames of several lanes are sorted by time, within
 * {@value #SORTED_MILLIS} ms.
 */
public final class Capture implements AutoCloseable {
    private static final int OUT_BYTES = 1 << 20;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    private static final int SORTED_MILLIS = 5;

    /** Maximum time in nanoseconds for which the end of a capture waits for a FIFO's reader. */
    private static final long FAREWELL_NANOS = TimeUnit.SECONDS.toNanos(1);

    /**
     * A port to capture.
     *
     * @param name name of the port in the file
     * @param lane number of its lane; ports of one lane share a buffer
     */
    public record Port(String name, int lane) {}

    private final CaptureOptions options;
    private final List<Port> ports;
    private final String program;
    private final LongSupplier clock;
    private final List<CaptureRing> rings;
    private final List<FrameTap> taps = new ArrayList<>();
    private final CaptureFiles files;
    private final ByteBuffer out = ByteBuffer.allocateDirect(OUT_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final long began;
    private final Thread writer;
    private final Runnable whenEnded;

    private volatile boolean stopping;
    private volatile long patientUntil;
    private volatile @Nullable String failure;
    private volatile boolean ended;
    private volatile long frames;
    private volatile long bytes;
    private volatile Path file;

    /** Size of the current file in bytes, including those that are still in {@link #out}. */
    private long inFile;

    private Capture(CaptureOptions options, List<Port> ports, String program, Runnable whenEnded) throws IOException {
        this.options = options;
        this.ports = List.copyOf(ports);
        this.program = program;
        this.whenEnded = whenEnded;
        Instant now = Instant.now();
        long origin = TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano() - System.nanoTime();
        this.clock = () -> origin + System.nanoTime();
        this.began = clock.getAsLong();
        Map<Integer, CaptureRing> byLane = new TreeMap<>();
        for (int i = 0; i < ports.size(); i++) {
            CaptureRing ring =
                    byLane.computeIfAbsent(ports.get(i).lane(), lane -> new CaptureRing(options.bufferBytes()));
            CaptureFilter filter = options.filter().isEmpty() ? null : filter(options.filter());
            taps.add(new FrameTap(ring, i, options.snapLength(), options.segmented(), filter, clock));
        }
        this.rings = List.copyOf(byLane.values());
        this.files = new CaptureFiles(
                options.path(),
                options.fileBytes(),
                options.files(),
                () -> !stopping || System.nanoTime() - patientUntil < 0);
        this.file = files.current();
        this.writer = ControlThread.unstarted("vhost4j-capture", this::write);
    }

    private static CaptureFilter filter(String text) {
        try {
            return CaptureFilter.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("filter '" + text + "', " + e.getMessage(), e);
        }
    }

    /**
     * Opens the file and starts to write. Nothing is copied before the taps are set.
     *
     * @param options options of the capture
     * @param ports ports to capture, at least one
     * @param program name and version of this program, for the file
     * @param whenEnded called once by the writing thread when the capture has ended
     * @return the capture
     * @throws IOException when the file cannot be opened; the message is one clause
     * @throws IllegalArgumentException when the filter is invalid; the message is one clause
     */
    public static Capture start(CaptureOptions options, List<Port> ports, String program, Runnable whenEnded)
            throws IOException {
        Capture capture = new Capture(options, ports, program, whenEnded);
        capture.writer.start();
        return capture;
    }

    /**
     * Returns the tap that copies the frames of a port.
     *
     * @param port index in the list of ports
     * @return the tap, for that port's lane
     */
    public FrameTap tap(int port) {
        return taps.get(port);
    }

    private void write() {
        try (files) {
            begin();
            while (!stopping) {
                if (drain(rings.size() == 1 ? Long.MAX_VALUE : clock.getAsLong() - sorted(), false) == 0) {
                    flush();
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
            }
            int unused = drain(Long.MAX_VALUE, true);
            statistics();
            flush();
        } catch (IOException | RuntimeException e) {
            failure = String.valueOf(e.getMessage());
        } finally {
            ended = true;
            whenEnded.run();
        }
    }

    private static long sorted() {
        return TimeUnit.MILLISECONDS.toNanos(SORTED_MILLIS);
    }

    /**
     * Writes the frames that were copied before a given time; returns their number.
     *
     * @param last whether no more frames will follow; otherwise this ends when the capture has to stop
     */
    private int drain(long until, boolean last) throws IOException {
        int done = 0;
        CaptureRing first = oldest(until);
        while (first != null && (last || !stopping)) {
            write(first, first.peek());
            first.remove();
            done++;
            first = oldest(until);
        }
        return done;
    }

    private @Nullable CaptureRing oldest(long until) {
        CaptureRing found = null;
        long time = until;
        for (CaptureRing ring : rings) {
            int record = ring.peek();
            if (record >= 0 && (ring.time(record) < time || (found == null && ring.time(record) <= time))) {
                found = ring;
                time = ring.time(record);
            }
        }
        return found;
    }

    private void write(CaptureRing ring, int record) throws IOException {
        int most = ring.length(record) + PcapngBlocks.OVERHEAD;
        if (files.isFull(inFile + most)) {
            statistics();
            flush();
            files.next();
            file = files.current();
            begin();
        }
        room(most);
        int before = out.position();
        PcapngBlocks.frame(out, ring, record);
        inFile += out.position() - before;
        count(ring.length(record));
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // One thread writes these counters, others read them.
    private void count(int length) {
        frames++;
        bytes += length;
    }

    private void begin() throws IOException {
        room(PcapngBlocks.OVERHEAD);
        int before = out.position();
        PcapngBlocks.section(out, program);
        inFile = (long) out.position() - before;
        for (Port port : ports) {
            room(PcapngBlocks.OVERHEAD
                    + 4 * (port.name().length() + options.filter().length()));
            before = out.position();
            PcapngBlocks.port(out, port.name(), options.snapLength(), options.filter());
            inFile += out.position() - before;
        }
    }

    private void statistics() throws IOException {
        long now = clock.getAsLong();
        for (int i = 0; i < taps.size(); i++) {
            FrameTap tap = taps.get(i);
            room(PcapngBlocks.OVERHEAD);
            PcapngBlocks.statistics(out, i, began, now, tap.seen(), tap.matched(), tap.dropped());
        }
    }

    private void room(int most) throws IOException {
        if (out.remaining() < most) {
            flush();
        }
    }

    private void flush() throws IOException {
        if (out.position() != 0) {
            out.flip();
            files.write(out);
            out.clear();
        }
    }

    /**
     * Returns the status of the capture. Any thread may call it.
     *
     * @return the status, with counters that may be slightly old
     */
    public CaptureStatus status() {
        List<CaptureStatus.Port> counts = new ArrayList<>();
        for (int i = 0; i < ports.size(); i++) {
            FrameTap tap = taps.get(i);
            counts.add(new CaptureStatus.Port(ports.get(i).name(), tap.seen(), tap.matched(), tap.dropped()));
        }
        return new CaptureStatus(options, file, !ended, Optional.ofNullable(failure), frames, bytes, counts);
    }

    /**
     * Writes the remaining copied frames and completes the file. The taps must already be removed. Takes one second when a FIFO's reader
     * does not read.
     */
    @Override
    public void close() {
        patientUntil = System.nanoTime() + FAREWELL_NANOS;
        stopping = true;
        LockSupport.unpark(writer);
        boolean interrupted = false;
        while (writer.isAlive()) {
            try {
                writer.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
