// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.vhost4j.bench.result.Figure;
import org.vhost4j.bench.result.Goal;
import org.vhost4j.bench.result.Sample;

/** Measures the time from the start of a back-end until it listens. */
final class StartRow implements Row {
    private static final Figure LISTENING = new Figure("until it listens", "s", 1, 3, false);
    private static final double MOST = 0.5;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long PAUSE = 500_000;

    @Override
    public String name() {
        return "start";
    }

    @Override
    public String title() {
        return "Start";
    }

    @Override
    public String about() {
        return "The time from the program's start until its socket accepts a connection.";
    }

    @Override
    public List<Case> cases(Bench bench) {
        List<Peer> peers = bench.withDpdk(OwnPeer.polling());
        return List.of(Case.of(
                "one guest",
                List.of(LISTENING),
                List.of(Goal.atMost(LISTENING, OwnPeer.NAME, MOST)),
                peers.stream()
                        .map(peer -> new Contender(peer.name(), () -> () -> measure(bench, peer)))
                        .toList(),
                bench.plan().rounds()));
    }

    private static Sample measure(Bench bench, Peer peer) throws IOException {
        List<Path> sockets = bench.sockets(1);
        FutureTask<Long> connected = new FutureTask<>(() -> connected(sockets.getFirst()));
        Thread.ofPlatform().daemon().name("connects").start(connected);
        long start = System.nanoTime();
        try (BackEnd backEnd = peer.start(bench, Work.of(Work.Kind.DROP), sockets)) {
            long end = connected.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assert backEnd.child().pid() != 0;
            return Sample.of(LISTENING, (end - start) / 1e9);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while measuring", e);
        } catch (java.util.concurrent.ExecutionException | TimeoutException e) {
            throw new IOException(peer.name() + " does not listen", e);
        } finally {
            connected.cancel(true);
        }
    }

    /** Waits until the socket accepts a connection, and returns the time. */
    private static long connected(Path socket) throws IOException {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(socket);
        while (!Thread.currentThread().isInterrupted()) {
            try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                channel.connect(address);
                return System.nanoTime();
            } catch (java.net.SocketException e) {
                // The socket does not exist yet.
                LockSupport.parkNanos(PAUSE);
            }
        }
        throw new IOException("no longer waited for");
    }
}
