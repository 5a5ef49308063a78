// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.bridge.PortVlan;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.feature.NetFeatures;
import org.vhost4j.device.net.ReceiveTimeouts;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.sys.Await;
import org.vhost4j.sys.SocketPair;
import org.vhost4j.sys.SocketPeer;
import org.vhost4j.vhostuser.handover.HandOverChannel;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Backend;
import org.vhost4j.vhostuser.server.BackendConfig;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.PortSecurity;
import org.vhost4j.vhostuser.server.SilentListener;
import org.vhost4j.vhostuser.server.Switching;
import org.vhost4j.vhostuser.server.Uplink;

/** The real back-end in this process, with sockets in its own directory and a record of its events. */
public final class TestBackEnd implements AutoCloseable {
    /** All features that the device implements. */
    public static final FeatureSet OFFERED = FeatureSet.of(NetFeatures.ALL);

    private final boolean ownDirectory;
    private final List<Endpoint> endpoints;
    private final Lines lines = new Lines();
    private final BackendConfig config;
    private Backend backend;

    private TestBackEnd(List<Endpoint> endpoints, int pairs, Switching switching) {
        this(
                !endpoints.getFirst().connect(),
                config(endpoints).queuePairs(pairs).switching(switching).build());
    }

    private TestBackEnd(boolean ownDirectory, BackendConfig config) {
        this.config = config;
        this.endpoints = config.endpoints();
        this.ownDirectory = ownDirectory;
        this.backend = Backend.start(config, lines);
    }

    private static BackendConfig.Builder config(List<Endpoint> endpoints) {
        return BackendConfig.builder(endpoints, OFFERED).mtu(9000);
    }

    /** Starts a back-end with a configuration that the caller changes. */
    public static TestBackEnd of(int guests, UnaryOperator<BackendConfig.Builder> settings) {
        return new TestBackEnd(true, settings.apply(config(listening(guests))).build());
    }

    /**
     * Starts a back-end with two guests that waits a minute for a slow front-end before it drops its frames, for busy
     * machines.
     */
    public static TestBackEnd patient(int lanes) {
        return of(
                2,
                config -> config.lanes(lanes)
                        .receiveTimeouts(new ReceiveTimeouts(Duration.ofMinutes(1), Duration.ofMinutes(1))));
    }

    /** A sink that keeps what guests acknowledge, in a directory of the caller's. */
    static TestBackEnd promising(String promise, FeatureSet offered, Endpoint endpoint) {
        return new TestBackEnd(
                false,
                BackendConfig.builder(List.of(endpoint), offered)
                        .mtu(9000)
                        .switching(new Switching.Dropped())
                        .promise(promise)
                        .build());
    }

    public static TestBackEnd bridge(int guests) {
        return bridge(guests, 1);
    }

    /** Starts a bridge that drops no frame for a guest whose front-end is slow, as on a busy machine. */
    public static TestBackEnd patientBridge(int guests) {
        return of(
                guests,
                config -> config.receiveTimeouts(new ReceiveTimeouts(Duration.ofMinutes(1), Duration.ofMinutes(1))));
    }

    public static TestBackEnd bridge(int guests, int pairs) {
        return new TestBackEnd(listening(guests), pairs, new Switching.Bridged(List.of()));
    }

    /** Starts a bridge with port security, and one guest for each MAC address or {@link PortRules#NO_MAC}. */
    public static TestBackEnd secured(PortSecurity security, long... macs) {
        return new TestBackEnd(withMacs(macs), 1, new Switching.Bridged(List.of(), false, security));
    }

    /** A guest in each of some VLANs, beside uplinks. */
    static TestBackEnd inVlans(int lanes, boolean coalesce, List<Uplink> uplinks, PortVlan... vlans) {
        List<Endpoint> plain = listening(vlans.length);
        List<Endpoint> endpoints = IntStream.range(0, vlans.length)
                .mapToObj(i -> plain.get(i).withVlan(vlans[i]))
                .toList();
        return new TestBackEnd(
                true,
                config(endpoints)
                        .lanes(lanes)
                        .switching(new Switching.Bridged(uplinks, coalesce))
                        .receiveTimeouts(new ReceiveTimeouts(Duration.ofMinutes(1), Duration.ofMinutes(1)))
                        .build());
    }

    /** Guests with a MAC address each, or {@link PortRules#NO_MAC}, beside an uplink. */
    static TestBackEnd securedWith(Uplink uplink, long... macs) {
        return new TestBackEnd(withMacs(macs), 1, new Switching.Bridged(List.of(uplink)));
    }

    /** One guest of whose device nothing moves with it. */
    static TestBackEnd withoutDeviceState() {
        List<Endpoint> endpoints =
                listening(1).stream().map(each -> each.withDeviceState(false)).toList();
        return new TestBackEnd(endpoints, 1, new Switching.Bridged(List.of()));
    }

    private static List<Endpoint> withMacs(long... macs) {
        List<Endpoint> plain = listening(macs.length);
        return IntStream.range(0, macs.length)
                .mapToObj(i -> macs[i] == PortRules.NO_MAC
                        ? plain.get(i)
                        : plain.get(i).withMac(macs[i], false))
                .toList();
    }

    /** A bridge between two guests that puts plain frames together. */
    static TestBackEnd coalescing() {
        return new TestBackEnd(listening(2), 1, new Switching.Bridged(List.of(), true));
    }

    /** Starts guests that are alternately on two lanes. */
    public static TestBackEnd onTwoLanes(int guests, int pairs, Switching switching) {
        return of(
                guests, config -> config.queuePairs(pairs).switching(switching).lanes(2));
    }

    /** Starts guests that each have queue pairs on two lanes. */
    public static TestBackEnd spread(int guests, int pairs, Switching switching) {
        return of(
                guests,
                config -> config.queuePairs(pairs)
                        .switching(switching)
                        .lanes(2)
                        .queueLanes(true)
                        .receiveTimeouts(new ReceiveTimeouts(Duration.ofMinutes(1), Duration.ofMinutes(1))));
    }

    public static TestBackEnd echo() {
        return new TestBackEnd(listening(1), 1, new Switching.Echoed());
    }

    /** Starts a back-end that returns frames, and offers the given features. */
    public static TestBackEnd echo(FeatureSet offered) {
        return new TestBackEnd(
                true,
                BackendConfig.builder(listening(1), offered)
                        .mtu(9000)
                        .switching(new Switching.Echoed())
                        .build());
    }

    static TestBackEnd sink() {
        return new TestBackEnd(listening(1), 1, new Switching.Dropped());
    }

    /** A back-end with an echo that connects to a front-end which listens. */
    static TestBackEnd connectingTo(Path path) {
        return new TestBackEnd(List.of(Endpoint.connect(path, Attach.AUTO)), 1, new Switching.Echoed());
    }

    private static List<Endpoint> listening(int guests) {
        try {
            Path directory = Files.createTempDirectory("vhost4j-test");
            return IntStream.range(0, guests)
                    .mapToObj(i -> Endpoint.listen(directory.resolve(i + ".sock"), Attach.AUTO))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Path socket(int guest) {
        return Objects.requireNonNull(endpoints.get(guest).path());
    }

    public Backend backend() {
        return backend;
    }

    /** Returns the configuration with which the back-end was started. */
    public BackendConfig config() {
        return config;
    }

    /**
     * Lets a new back-end take over all guests and ports, and ends the previous one.
     *
     * @param next configuration of the new back-end
     * @throws HandOverException when the new one does not take over; the previous one continues
     */
    public void replace(BackendConfig next) throws HandOverException {
        Backend before = backend;
        SocketPair pair = SocketPair.create();
        try (HandOverChannel old = new HandOverChannel(pair.first());
                HandOverChannel fresh = new HandOverChannel(pair.second())) {
            CompletableFuture<Boolean> given = CompletableFuture.supplyAsync(() -> {
                try {
                    return before.handOver(old).user() == SocketPeer.ownUser();
                } catch (HandOverException e) {
                    lines.trouble("old", e.reason());
                    return false;
                }
            });
            try {
                backend = Backend.takeOver(next, lines, fresh, () -> {});
            } finally {
                boolean done = given.join();
                if (done) {
                    before.close();
                }
            }
        }
    }

    public NetDriver attach(int guest, NetSetup setup) {
        return NetDriver.attach(socket(guest), setup);
    }

    /** Waits for an event whose line contains every fragment. */
    public void awaitLine(String... fragments) {
        Await.until(
                () -> "a line with " + List.of(fragments) + " in " + lines.all,
                Await.PATIENCE,
                () -> !lines.with(fragments).isEmpty());
    }

    /** Waits until the lines of a number of events contain every fragment. */
    public void awaitLines(int count, String... fragments) {
        Await.until(
                () -> count + " lines with " + List.of(fragments) + " in " + lines.all,
                Await.PATIENCE,
                () -> lines.with(fragments).size() >= count);
        assertThat(lines.with(fragments))
                .as("lines with %s in %s", List.of(fragments), lines.all)
                .hasSize(count);
    }

    /** Returns whether the line of an event contains every fragment. */
    public boolean hasSaid(String... fragments) {
        return !lines.with(fragments).isEmpty();
    }

    /**
     * Waits for an event whose line contains every fragment, and checks that there is exactly one, and that every event
     * is one line without a Java exception.
     */
    public void assertSaidOnce(String... fragments) {
        awaitLine(fragments);
        assertThat(lines.with(fragments))
                .as("lines with %s in %s", List.of(fragments), lines.all)
                .hasSize(1);
        assertThat(lines.all).noneMatch(line -> line.contains("\n") || line.contains("Exception"));
    }

    @Override
    public void close() {
        backend.close();
        for (int i = 0; i < endpoints.size(); i++) {
            if (!endpoints.get(i).connect()) {
                assertThat(socket(i)).doesNotExist();
            }
        }
        if (ownDirectory) {
            try {
                for (Endpoint each : endpoints) {
                    // Kept for a back-end that is started again, as long as this process, which is the front-end's,
                    // lives.
                    Files.deleteIfExists(Path.of(each + ".acknowledged"));
                    Files.deleteIfExists(Path.of(each + ".positions"));
                }
                Files.delete(Objects.requireNonNull(socket(0).getParent()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Records each event as one line, as the command prints it. */
    private static final class Lines extends SilentListener {
        private final List<String> all = new CopyOnWriteArrayList<>();

        private List<String> with(String... fragments) {
            return all.stream()
                    .filter(line -> Stream.of(fragments).allMatch(line::contains))
                    .toList();
        }

        @Override
        public void detached(String guest, String reason, String counts) {
            all.add(guest + " detached: " + reason);
        }

        @Override
        public void stopped(String guest, String reason) {
            all.add(guest + " stopped: " + reason);
        }

        @Override
        public void trouble(String who, String line) {
            all.add(who + ": " + line);
        }
    }
}
