// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.migration;

import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import org.vhost4j.guests.lab.GuestFailure;

/**
 * Simulates events that affect a guest and its back-ends during a migration. The variant is one {@linkplain Variant#withEvents() with
 * events}, on two lanes, so that back-ends have a second socket. Calls block. An object is used by one thread at a time.
 */
public final class MigrationEvents {
    private static final int ANNOUNCEMENT_SECONDS = 30;
    private static final long LOOK_MILLIS = 20;
    private static final Duration HOT_PLUG = Duration.ofSeconds(60);
    private static final String FLUSH =
            "for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 >$f; done 2>/dev/null; "
                    + "ip addr flush dev eth0 >/dev/null 2>&1; ";
    private static final String SENT = "cat /sys/class/net/eth0/statistics/tx_packets";

    private final MigrationLab lab;

    /**
     * Creates an object for a lab.
     *
     * @param lab a lab whose guest has traffic
     */
    public MigrationEvents(MigrationLab lab) {
        this.lab = lab;
    }

    /**
     * Moves the guest while it switches to one queue pair and back to all, and unbinds and rebinds the driver of its network card.
     * Meanwhile QEMU connects to a second back-end, but refuses to plug a network card for it until the guest has arrived. All memory is
     * compared.
     *
     * @return the measurements of the migration
     * @throws IOException when a QEMU does not start or memory cannot be read
     */
    public Round changeCards() throws IOException {
        return lab.guarded(() -> {
            Interval quiet = beginSlowly(true);
            Interval seen = changeQueues();
            seen = seen.and(resetDriver());
            addCardWhileMoving();
            lab.setBandwidth(MigrationLab.FAST_BYTES_PER_SECOND);
            Round round = lab.finishMove(quiet, true);
            hotPlug();
            return round.after(seen);
        });
    }

    private Interval changeQueues() {
        lab.here().guest().must("ethtool -L eth0 combined 1");
        Interval one = lab.traffic();
        lab.here().guest().must("ethtool -L eth0 combined " + lab.variant().queuePairs());
        return one.and(lab.traffic());
    }

    private Interval resetDriver() {
        lab.here()
                .guest()
                .must(
                        "card=$(basename $(readlink -f /sys/class/net/eth0/device)) && cd /sys/bus/virtio/drivers/virtio_net && "
                                + "echo $card >unbind && ! [ -e /sys/class/net/eth0 ] && echo $card >bind && [ -e /sys/class/net/eth0 ]");
        lab.here().configureCard();
        return lab.traffic();
    }

    /**
     * Adds a back-end during a migration, and tries to plug a card. QEMU accepts a back-end at any time, but cards only
     * while no migration runs. Removing a netdev also removes its chardev.
     */
    private void addCardWhileMoving() {
        Monitor source = lab.here().monitor();
        connectSecond(lab.here());
        requireRefusal(source, "device_add", card(), "not allowed while migrating");
        source.execute("netdev_del", "{\"id\":\"second\"}");
        String state = source.execute("query-migrate", "{}")
                .path("status")
                .asString("")
                .toLowerCase(Locale.ROOT);
        if (!state.equals("active")) {
            throw new GuestFailure("the migration should be in progress, but its status is " + state);
        }
    }

    /** Plugs a second card into the guest at the destination, and unplugs it. */
    private void hotPlug() {
        Host host = lab.here();
        connectSecond(host);
        host.monitor().execute("device_add", card());
        awaitGuest("[ -e /sys/class/net/eth1 ]");
        host.guest().must("ip link set eth1 up");
        host.monitor().execute("device_del", "{\"id\":\"card\"}");
        awaitGuest("! [ -e /sys/class/net/eth1 ]");
    }

    private void awaitGuest(String condition) {
        lab.here()
                .guest()
                .run("for i in $(seq 300); do " + condition + " && exit 0; sleep 0.1; done; exit 1", HOT_PLUG)
                .orFail();
    }

    private static void connectSecond(Host host) {
        host.monitor().execute("chardev-add", """
                        {"id":"second","backend":{"type":"socket","data":{"server":false,\
                        "addr":{"type":"unix","data":{"path":"%s"}}}}}""".formatted(host.secondSocket()));
        host.monitor().execute("netdev_add", "{\"type\":\"vhost-user\",\"id\":\"second\",\"chardev\":\"second\"}");
    }

    private static String card() {
        return "{\"driver\":\"virtio-net-pci\",\"id\":\"card\",\"netdev\":\"second\",\"bus\":\"spare\",\"mac\":\"52:54:00:4d:49:02\"}";
    }

    private static void requireRefusal(Monitor monitor, String command, String arguments, String reason) {
        try {
            monitor.execute(command, arguments);
        } catch (GuestFailure e) {
            if (String.valueOf(e.getMessage()).contains(reason)) {
                return;
            }
            throw e;
        }
        throw new GuestFailure(command + " should have been refused: " + reason);
    }

    /**
     * Moves the guest while it has no IP address, so that it sends no announcement itself, and waits until the bridge has learned the
     * guest's new port. Afterwards the guest has its address again.
     *
     * @return the observations of the stream afterwards
     * @throws IOException when a QEMU does not start, or the bridge does not learn the guest's new port
     */
    public Interval moveWithoutAddress() throws IOException {
        return lab.guarded(() -> {
            lab.there().expect(false, "");
            Interval quiet = lab.stream().mark();
            String before = lab.here().guest().must(FLUSH + SENT).strip();
            requireBehind(lab.here(), 0);
            lab.begin(MigrationLab.FAST_BYTES_PER_SECOND);
            Round unused = lab.finishMove(quiet, false);
            requireBehind(lab.here(), ANNOUNCEMENT_SECONDS);
            String after = lab.here().guest().must(SENT).strip();
            if (!after.equals(before)) {
                throw new GuestFailure(
                        "the guest has sent " + before + " frames before and " + after + " after its move");
            }
            lab.here().configureCard();
            return lab.traffic();
        });
    }

    private void requireBehind(Host host, int seconds) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
        String tap = lab.network().guestIsBehind();
        while (!tap.equals(host.tap())) {
            if (System.nanoTime() > deadline) {
                throw new GuestFailure("the bridge has learned the guest at '" + tap + "' instead of " + host.tap());
            }
            Thread.sleep(LOOK_MILLIS);
            tap = lab.network().guestIsBehind();
        }
    }

    /**
     * Kills the destination's back-end while the guest is moving. The migration fails, and the guest stays at the source.
     *
     * @return the observations of the stream until traffic flows again
     * @throws IOException when a QEMU or a back-end does not start
     */
    public Interval killDestination() throws IOException {
        return lab.guarded(() -> {
            Interval unused = beginSlowly(false);
            lab.there().killBackEnd();
            letFail();
            Interval seen = lab.traffic();
            lab.there().leave();
            lab.there().restartBackEnd();
            return seen;
        });
    }

    /**
     * Kills the source's back-end while the guest is moving, and restarts it; traffic resumes before the guest has arrived. All memory is
     * compared.
     *
     * @return the measurements of the migration
     * @throws IOException when a QEMU or a back-end does not start, or memory cannot be read
     */
    public Round killSource() throws IOException {
        return lab.guarded(() -> {
            Interval quiet = beginSlowly(true);
            lab.here().killBackEnd();
            lab.here().restartBackEnd();
            Interval seen = lab.traffic();
            lab.setBandwidth(MigrationLab.FAST_BYTES_PER_SECOND);
            Round round = lab.finishMove(quiet, true);
            return round.after(seen);
        });
    }

    /**
     * Kills the source's back-end while the guest is moving, and restarts it only after the migration has ended.
     *
     * @return the observations of the stream until traffic flows again
     * @throws IOException when a QEMU or a back-end does not start
     */
    public Interval killSourceForGood() throws IOException {
        return lab.guarded(() -> {
            Interval unused = beginSlowly(false);
            lab.here().killBackEnd();
            letFail();
            lab.there().leave();
            lab.here().restartBackEnd();
            return lab.traffic();
        });
    }

    /**
     * Begins a migration that does not end until its bandwidth limit is raised, and waits until the log is in use. Returns the observations
     * of the stream just before the migration.
     */
    private Interval beginSlowly(boolean stopped) throws IOException, InterruptedException {
        lab.there().expect(stopped, "");
        Interval quiet = lab.stream().mark();
        lab.begin(MigrationLab.SLOW_BYTES_PER_SECOND);
        lab.awaitUse();
        return quiet;
    }

    /** Waits until the migration has failed, and checks that the guest runs at the source. */
    private void letFail() throws IOException, InterruptedException {
        lab.setBandwidth(MigrationLab.FAST_BYTES_PER_SECOND);
        lab.finish("failed");
        lab.requireRunning();
    }
}
