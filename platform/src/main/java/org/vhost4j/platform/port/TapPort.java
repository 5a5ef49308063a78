// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.port;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.net.Frame;
import org.vhost4j.device.net.FrameSink;
import org.vhost4j.device.net.NetHeader;
import org.vhost4j.device.net.NetPort;
import org.vhost4j.device.net.Offloads;
import org.vhost4j.platform.io.FdHandle;
import org.vhost4j.platform.run.Lane;
import org.vhost4j.platform.sys.Errno;
import org.vhost4j.platform.sys.HotCalls;
import org.vhost4j.platform.sys.SystemError;

/**
 * A TAP interface as a port. Frames for the host are written straight from guest memory; frames from the host land straight
 * in the buffers of the guest when there is only one that could receive them, and go through a buffer of our own otherwise.
 */
public final class TapPort implements NetPort, AutoCloseable {
    private static final int BURST = 64;
    private static final int LANDING_BYTES = Frame.MAX_BYTES;

    /** Outcome of a read: there was nothing to read. */
    private static final int NOTHING = 0;
    /** Outcome of a read: a frame was read and passed on. */
    private static final int PASSED = 1;
    /** Outcome of a read: a frame was read whose receiver has no room yet. */
    private static final int WAITS = 2;

    private final TapInterface tap;
    private final String name;
    private final int writable;
    private final int readable;
    private final FrameSink sink;
    private final Lane lane;
    private final FdHandle wakeUp;
    private final Consumer<String> trouble;

    private final MemorySegment errno = Arena.ofAuto().allocate(HotCalls.ERRNO);
    private final MemorySegment headerMemory = Arena.ofAuto().allocate(16, 16);
    private final long header = headerMemory.address();
    private final MemorySegment bufferMemory = Arena.ofAuto().allocate(LANDING_BYTES + 64L, 64);
    private final long buffer = bufferMemory.address();
    private final IoVectors vectors = new IoVectors();
    private final Frame landing = new Frame();
    private final Frame staged = new Frame();
    private @Nullable MemorySegment tailMemory;
    private boolean parked;
    private boolean closed;
    private int receiveOffloads;

    private long written;
    private long read;
    private long readDirectly;
    private long refused;
    private long untaken;
    private int lastErrno;

    private TapPort(
            TapInterface tap,
            String name,
            int writable,
            int readable,
            FrameSink sink,
            Lane lane,
            Consumer<String> trouble) {
        this.tap = tap;
        this.name = name;
        this.writable = writable;
        this.readable = readable;
        this.sink = sink;
        this.lane = lane;
        this.trouble = trouble;
        // Watched by edge: a lane that polls reads until nothing is left, whoever woke it.
        this.wakeUp = FdHandle.open(lane.loop(), tap.fd(), FdHandle.READ_EDGE, events -> {});
    }

    /**
     * Opens a TAP and has a lane poll it. Called by the lane's thread.
     *
     * @param ifname the interface's name, 1 to 15 characters; it is created when there is none
     * @param writable what the kernel takes from us, a mask of {@link Offloads}
     * @param readable what the kernel can be told to give us, a mask of {@link Offloads}
     * @param sink where its frames go
     * @param lane the lane
     * @param trouble takes a line when something does not work and everything goes on
     * @return the open port
     * @throws SystemError in one sentence, when the TAP cannot be had
     */
    public static TapPort open(
            String ifname, int writable, int readable, FrameSink sink, Lane lane, Consumer<String> trouble) {
        TapInterface tap = TapInterface.open(ifname);
        try {
            tap.offloads(0);
            TapPort port = new TapPort(tap, "tap:" + ifname, writable, readable, sink, lane, trouble);
            lane.add(port);
            return port;
        } catch (SystemError e) {
            tap.close();
            throw e;
        }
    }

    @Override
    public String name() {
        return name;
    }

    /**
     * Tells the kernel which offloads its frames may use: what the guests take, as far as this host has it. A guest that takes
     * less than another is served in software.
     *
     * @param wanted a mask of {@link Offloads}
     */
    public void receiveOffloads(int wanted) {
        if (closed) {
            return;
        }
        try {
            receiveOffloads = tap.offloads(wanted & readable);
        } catch (SystemError e) {
            trouble.accept(String.valueOf(e.getMessage()));
        }
    }

    /**
     * What the kernel has been told that its frames may use.
     *
     * @return a mask of {@link Offloads}
     */
    public int receiveOffloads() {
        return receiveOffloads;
    }

    // ---- to the host
    // --------------------------------------------------------------------------------------------------

    @Override
    public int accepts() {
        return writable;
    }

    @Override
    public int deliver(Frame frame) {
        if (closed) {
            return REFUSED;
        }
        int hint = frame.headerLength;
        // The kernel refuses a frame whose hint reaches beyond its end.
        frame.headerLength = Math.min(hint, frame.bytes);
        NetHeader.write(header, NetHeader.BYTES, frame, 0);
        frame.headerLength = hint;
        vectors.clear();
        vectors.add(header, NetHeader.BYTES);
        gather(frame);
        int result = HotCalls.writev(errno, tap.fd().number(), vectors.address(), vectors.count());
        if (result >= 0) {
            written++;
            return DELIVERED;
        }
        if (result == -Errno.EAGAIN) {
            return NO_ROOM;
        }
        refused++;
        tellOnce(-result);
        return REFUSED;
    }

    /** Lists the frame's pieces; what the array cannot hold is copied together behind it. */
    private void gather(Frame frame) {
        int direct = frame.pieces < IoVectors.MAX ? frame.pieces : IoVectors.MAX - 2;
        for (int i = 0; i < direct; i++) {
            vectors.add(frame.address[i], frame.length[i]);
        }
        if (direct < frame.pieces) {
            int bytes = 0;
            for (int i = direct; i < frame.pieces; i++) {
                HostMemory.copy(frame.address[i], tail().address() + bytes, frame.length[i]);
                bytes += frame.length[i];
            }
            vectors.add(tail().address(), bytes);
        }
    }

    /** Made when it is needed first, which no known driver does. */
    private MemorySegment tail() {
        MemorySegment memory = tailMemory;
        if (memory == null) {
            memory = Arena.ofAuto().allocate(LANDING_BYTES, 64);
            tailMemory = memory;
        }
        return memory;
    }

    /** A kernel that refuses one frame refuses thousands: a line for each kind of refusal in turn, not for each frame. */
    private void tellOnce(int errnoOfWrite) {
        if (errnoOfWrite != lastErrno) {
            lastErrno = errnoOfWrite;
            trouble.accept("the kernel refuses a frame: " + Errno.name(errnoOfWrite));
        }
    }

    @Override
    public void flush() {
        // Each frame was written at once.
    }

    // ---- from the host
    // ------------------------------------------------------------------------------------------------

    @Override
    public int poll() {
        int frames = 0;
        @Nullable NetPort landedAt = null;
        boolean more = !closed;
        if (parked) {
            more = offerStaged();
            frames = more ? 1 : 0;
        }
        while (more && frames < BURST) {
            NetPort receiver = sink.soleReceiver(this);
            int outcome;
            if (receiver != null && takesAll(receiver) && receiver.reserve(landing, LANDING_BYTES)) {
                outcome = readInto(receiver);
                landedAt = receiver;
            } else {
                outcome = readStaged();
            }
            if (outcome == NOTHING) {
                break;
            }
            frames++;
            more = outcome == PASSED;
        }
        if (landedAt != null) {
            landedAt.flush();
        }
        if (frames > 0) {
            sink.flush();
        }
        return frames;
    }

    /** Only then no frame has to be changed, so it may land before anybody has seen it. */
    private boolean takesAll(NetPort receiver) {
        return receiveOffloads != 0 && (receiveOffloads & ~receiver.accepts()) == 0;
    }

    private int readInto(NetPort receiver) {
        vectors.clear();
        vectors.add(header, NetHeader.BYTES);
        boolean fits = true;
        for (int i = 0; i < landing.pieces && fits; i++) {
            fits = vectors.add(landing.address[i], landing.length[i]);
        }
        int result = fits ? HotCalls.readv(errno, tap.fd().number(), vectors.address(), vectors.count()) : 0;
        if (!fits) {
            receiver.commit(landing, 0);
            return readStaged();
        }
        int bytes = result - NetHeader.BYTES;
        if (bytes <= 0) {
            receiver.commit(landing, 0);
            return NOTHING;
        }
        NetHeader.read(header, landing);
        if ((needs(landing) & ~receiver.accepts()) != 0) {
            // It was on its way when the guest switched the offload off, and lies in the guest's buffer already.
            receiver.commit(landing, 0);
            untaken++;
            return PASSED;
        }
        landing.bytes = bytes;
        receiver.commit(landing, bytes);
        read++;
        readDirectly++;
        return PASSED;
    }

    private static int needs(Frame frame) {
        int needs = (frame.flags & Frame.NEEDS_CSUM) != 0 ? Offloads.CSUM : 0;
        needs |= (frame.gsoType & Frame.GSO_ECN) != 0 ? Offloads.ECN : 0;
        return needs
                | switch (frame.gsoType & ~Frame.GSO_ECN) {
                    case Frame.GSO_TCPV4 -> Offloads.TSO4;
                    case Frame.GSO_TCPV6 -> Offloads.TSO6;
                    case Frame.GSO_UDP -> Offloads.UFO;
                    case Frame.GSO_UDP_L4 -> Offloads.USO4 | Offloads.USO6;
                    default -> 0;
                };
    }

    private int readStaged() {
        vectors.clear();
        vectors.add(header, NetHeader.BYTES);
        vectors.add(buffer, LANDING_BYTES);
        int result = HotCalls.readv(errno, tap.fd().number(), vectors.address(), vectors.count());
        int bytes = result - NetHeader.BYTES;
        if (bytes <= 0) {
            return NOTHING;
        }
        staged.clear();
        staged.add(buffer, bytes);
        NetHeader.read(header, staged);
        read++;
        parked = true;
        return offerStaged() ? PASSED : WAITS;
    }

    /** Passes the frame in our own buffer on; false when its receiver has no room yet. */
    private boolean offerStaged() {
        parked = sink.forward(this, staged) == NO_ROOM;
        return !parked;
    }

    @Override
    public boolean arm() {
        // The descriptor is watched all the time, and whoever lacks room asks to be told of it.
        return false;
    }

    @Override
    public void disarm() {}

    @Override
    public void fault(String reason) {
        trouble.accept("stopped: " + reason);
        close();
    }

    // ---- counts
    // -------------------------------------------------------------------------------------------------------

    /**
     * Frames written to the host.
     *
     * @return since the port was opened
     */
    public long written() {
        return written;
    }

    /**
     * Frames read from the host.
     *
     * @return since the port was opened
     */
    public long read() {
        return read;
    }

    /**
     * Frames among them that landed in a guest's buffers without a copy.
     *
     * @return since the port was opened
     */
    public long readDirectly() {
        return readDirectly;
    }

    /**
     * Frames that the kernel refused.
     *
     * @return since the port was opened
     */
    public long refused() {
        return refused;
    }

    /**
     * Frames that were on their way when their receiver switched the offload off that they need, and were dropped.
     *
     * @return since the port was opened
     */
    public long untaken() {
        return untaken;
    }

    /** Takes the port off its lane and closes the interface. Called by the lane's thread. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        boolean unused = lane.remove(this);
        wakeUp.close();
        tap.close();
    }
}
