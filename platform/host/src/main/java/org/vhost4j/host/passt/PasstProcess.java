// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.passt;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.stream.StreamPort;
import org.vhost4j.sys.AdoptedProcess;
import org.vhost4j.sys.ChildProcess;
import org.vhost4j.sys.ControlThread;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.RunningProgram;
import org.vhost4j.sys.SocketPair;
import org.vhost4j.sys.SystemError;

/**
 * Runs passt as a child process, connected to a port by a socket pair. When passt ends, it is started again. passt serves one connection
 * and ends when its socket is closed, so it also ends when this process is killed.
 */
public final class PasstProcess implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(30);
    private static final long LOOK_NANOS = 1_000_000;

    /** If passt ends within this time after its start, the delay before the next start grows. */
    private static final Duration SOON = Duration.ofSeconds(10);

    private static final long SHORTEST_PAUSE_MILLIS = 100;
    private static final long LONGEST_PAUSE_MILLIS = 5_000;

    /** ioctl: number of bytes sent on a socket that its peer has not read. */
    private static final long SIOCOUTQ = 0x5411;

    private static final int POLLHUP = 0x10;
    private static final int SOCKET_BYTES = 1 << 20;

    /** A frame with the local experimental EtherType 1 (IEEE 802), to which no host replies. */
    private static final byte[] PROBE = probe();

    private final List<String> command;
    private final StreamPort port;
    private final Lane lane;
    private final Consumer<String> lines;
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile @Nullable RunningProgram running;

    /** The passt that another process has started and handed over; not watched yet. */
    private @Nullable Child adopted;

    private volatile long pauseMillis = SHORTEST_PAUSE_MILLIS;
    private final AtomicInteger starts = new AtomicInteger();

    private static byte[] probe() {
        byte[] frame = new byte[4 + 60];
        frame[3] = 60;
        frame[4 + 6] = 2;
        frame[4 + Frame.ETHERNET_HEADER - 2] = (byte) 0x88;
        frame[4 + Frame.ETHERNET_HEADER - 1] = (byte) 0xb5;
        return frame;
    }

    /**
     * Creates the process without starting it.
     *
     * @param command the program and its arguments, except those that name the connection
     * @param port port that gets the connection; attached to the lane
     * @param lane lane of the port
     * @param lines receives the output of passt, and a line when it ends and when it runs again; called by several threads
     */
    public PasstProcess(List<String> command, StreamPort port, Lane lane, Consumer<String> lines) {
        this.command = new ArrayList<>(command);
        this.command.addAll(List.of("--foreground", "--quiet", "--fd", Integer.toString(ChildProcess.INHERITED)));
        this.port = port;
        this.lane = lane;
        this.lines = lines;
        // A connection can be lost while passt runs, when passt violates the framing.
        port.whenLost(reason -> {
            lines.accept("the connection to passt is lost: " + reason);
            kill();
        });
    }

    /** A child process, and how it has ended. */
    private static final class Child {
        final RunningProgram process;
        final Fd socket;
        final CompletableFuture<String> ended = new CompletableFuture<>();
        private final List<String> said = new ArrayList<>();
        private boolean ready;

        Child(RunningProgram process, Fd socket) {
            this.process = process;
            this.socket = socket;
        }

        /** Keeps a line of the child's output until it is known whether the start succeeds. */
        synchronized boolean keeps(String line) {
            if (!ready) {
                said.add(line);
            }
            return !ready;
        }

        synchronized boolean hasServed() {
            return ready;
        }

        synchronized List<String> ready() {
            ready = true;
            return said;
        }

        synchronized String last() {
            // Two lines are enough for an error and its details.
            return said.isEmpty()
                    ? "it printed nothing"
                    : String.join("; ", said.subList(Math.max(0, said.size() - 2), said.size()));
        }
    }

    /**
     * Starts passt, waits until it is ready, and connects the port. Called by the lane's thread, before there are guests: blocks while
     * passt starts.
     *
     * @throws SystemError when it cannot be started, or ends at once; the message has passt's reason
     */
    public void start() {
        port.connect(launch());
    }

    /**
     * Returns the passt process that serves the port; it may be handed over to another process.
     *
     * @return the program; null when none is running
     */
    public @Nullable RunningProgram program() {
        return port.isConnected() ? running : null;
    }

    /**
     * Takes over a passt that another process has started, and to which the port is connected. It is not watched until {@link #proceed}.
     *
     * @param program the passt
     * @param socket its connection, owned by the port
     */
    public void adopt(RunningProgram program, Fd socket) {
        Child child = new Child(program, socket);
        List<String> none = child.ready();
        assert none.isEmpty();
        running = program;
        adopted = child;
        starts.incrementAndGet();
    }

    /** Starts to watch the adopted passt, or starts passt if none was adopted. Called by the lane's thread. */
    public void proceed() {
        Child child = adopted;
        adopted = null;
        // Created by the lane's thread, so that it has the same network namespace.
        if (child != null) {
            ControlThread.start("vhost4j-" + port.name(), () -> follow(child));
        } else if (running == null) {
            ControlThread.start("vhost4j-" + port.name(), this::restart);
        }
    }

    /** Starts passt and waits until it is ready; returns this process's end of the socket pair. */
    private Fd launch() {
        SocketPair pair = SocketPair.create();
        Child child;
        try (Fd peer = pair.second()) {
            growBuffer(pair.first());
            makeBlocking(peer);
            child = new Child(ChildProcess.start(command, peer), pair.first());
        } catch (RuntimeException e) {
            pair.first().close();
            throw e;
        }
        running = child.process;
        // Created by the calling thread, so that it, and each passt that it starts, has the same network namespace.
        ControlThread.start("vhost4j-" + port.name(), () -> follow(child));
        if (closed.getCount() == 0) {
            child.process.kill();
        }
        try {
            awaitService(child);
        } catch (RuntimeException e) {
            child.process.kill();
            child.socket.close();
            throw e;
        }
        starts.incrementAndGet();
        child.ready().forEach(lines);
        return child.socket;
    }

    private static void growBuffer(Fd socket) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_INT, SOCKET_BYTES);
            // The kernel reduces it to the host's limit.
            int unused = LibC.setsockopt(socket.number(), LibC.SO_SNDBUF, bytes.address(), Integer.BYTES);
        }
    }

    /** Clears O_NONBLOCK: passt requires a blocking socket, because it writes the rest of a partly written frame with a blocking call. */
    private static void makeBlocking(Fd socket) {
        int flags = SystemError.check(
                LibC.fcntl(socket.number(), LibC.F_GETFL, 0), "cannot read the flags of the socket of passt");
        SystemError.check(
                LibC.fcntl(socket.number(), LibC.F_SETFL, flags & ~LibC.O_NONBLOCK),
                "cannot make the socket of passt blocking");
    }

    /** Waits until passt is ready. Once it has read the probe frame, its options are known to be valid and its ports are open. */
    private void awaitService(Child child) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment frame = arena.allocateFrom(ValueLayout.JAVA_BYTE, PROBE);
            MemorySegment waiting = arena.allocate(ValueLayout.JAVA_INT);
            MemorySegment poll = arena.allocate(ValueLayout.JAVA_INT, 2);
            int socket = child.socket.number();
            int unused = LibC.write(socket, frame.address(), PROBE.length);
            long began = System.nanoTime();
            while (!child.ended.isDone()) {
                SystemError.check(LibC.ioctl(socket, SIOCOUTQ, waiting.address()), "cannot ask the socket of passt");
                if (waiting.get(ValueLayout.JAVA_INT, 0) == 0) {
                    poll.setAtIndex(ValueLayout.JAVA_INT, 0, socket);
                    poll.setAtIndex(ValueLayout.JAVA_INT, 1, 0);
                    int events = LibC.poll(poll.address(), 1, 0);
                    if (events == 0 || (poll.getAtIndex(ValueLayout.JAVA_INT, 1) >>> 16 & POLLHUP) == 0) {
                        return;
                    }
                }
                if (System.nanoTime() - began > START.toNanos()) {
                    throw SystemError.explained(
                            "passt is not ready after " + START.toSeconds() + " s: " + child.last(), Errno.EIO);
                }
                LockSupport.parkNanos(LOOK_NANOS);
            }
            throw SystemError.explained("passt cannot start: " + child.last(), Errno.EIO);
        }
    }

    /** Reads a child's output until it ends; then starts the next child, if this one had been ready. Runs on the child's own thread. */
    private void follow(Child child) {
        long began = System.nanoTime();
        String how = child.process.awaitEnd(line -> {
            if (!child.keeps(line)) {
                lines.accept(line);
            }
        });
        child.ended.complete(how);
        if (!child.hasServed() || closed.getCount() == 0) {
            return;
        }
        lines.accept("passt ended" + (how.isEmpty() ? "" : " " + how) + "; it is started again");
        if (System.nanoTime() - began > SOON.toNanos()) {
            pauseMillis = SHORTEST_PAUSE_MILLIS;
        }
        restart();
    }

    private void restart() {
        String lastReason = "";
        while (!closedWithin(pauseMillis)) {
            pauseMillis = Math.min(LONGEST_PAUSE_MILLIS, 2 * pauseMillis);
            try {
                if (connect(launch())) {
                    lines.accept("passt runs again");
                } else {
                    // The child's thread starts the next one, if needed.
                    kill();
                }
                return;
            } catch (SystemError e) {
                String reason = String.valueOf(e.getMessage());
                if (!reason.equals(lastReason)) {
                    lines.accept(reason);
                    lastReason = reason;
                }
            } catch (CompletionException | IllegalStateException e) {
                // The lane has ended or the port has stopped: no other passt is started.
                closed.countDown();
                kill();
                return;
            }
        }
    }

    /** Connects the port; returns false when the port is being handed over to another process, which starts passt itself. */
    private boolean connect(Fd socket) {
        try {
            return lane.submit(() -> {
                        if (port.isHalted()) {
                            socket.close();
                            return false;
                        }
                        port.connect(socket);
                        return true;
                    })
                    .join();
        } catch (IllegalStateException e) {
            socket.close();
            throw e;
        }
    }

    private boolean closedWithin(long millis) {
        try {
            return closed.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private void kill() {
        RunningProgram child = running;
        if (child != null) {
            child.kill();
        }
    }

    /**
     * Returns the number of times that passt was started successfully.
     *
     * @return the number, 1 after {@link #start}
     */
    public int starts() {
        return starts.get();
    }

    /**
     * Returns the process ID of the current child process, or of the last one.
     *
     * @return the process ID; 0 before {@link #start}
     */
    public int pid() {
        RunningProgram child = running;
        return child == null ? 0 : child.pid();
    }

    /** Leaves passt and its connection to another process: this process neither kills it nor starts it again. Any thread may call it. */
    public void leave() {
        closed.countDown();
        if (!port.isConnected()) {
            kill();
        }
        Child child = adopted;
        if (child != null && child.process instanceof AdoptedProcess process) {
            process.close();
        }
    }

    /** Kills passt and does not start it again; later calls do nothing. Any thread may call it. */
    @Override
    public void close() {
        closed.countDown();
        kill();
    }
}
