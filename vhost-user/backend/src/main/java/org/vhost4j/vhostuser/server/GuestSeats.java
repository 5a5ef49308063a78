// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.vhost4j.device.bridge.PairPlacement;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.bridge.RemotePort;
import org.vhost4j.device.bridge.SpreadPort;
import org.vhost4j.device.net.DeviceControl;
import org.vhost4j.device.net.DeviceOwner;
import org.vhost4j.device.net.NetDevice;
import org.vhost4j.device.net.NetDeviceConfig;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.lane.LaneAlarm;
import org.vhost4j.sys.HotCalls;

/**
 * The seats of a guest. A seat is the part of the guest's device on one of the lanes that process its queue pairs. One lane is the guest's
 * home: it has the control queue and the session. Operations of the session and the operator are executed on every seat, while the home
 * lane waits for the others. Most guests have only one seat.
 *
 * <p>Used by the home lane, or by any thread while the guest is on no lane.
 */
final class GuestSeats {
    private final Seat home;

    /** The seats by lane number; only the home seat when the guest is on one lane. */
    private final List<Seat> all = new ArrayList<>();

    private final PairPlacement placement;

    /**
     * One lane's part of a guest's device.
     *
     * @param number index of the lane among the guest's lanes
     * @param context the lane
     * @param device device that the lane polls
     */
    record Seat(int number, LaneContext context, NetDevice device) {
        DeviceControl control() {
            return device.control();
        }

        Lane lane() {
            return context.lane;
        }
    }

    /** Creates a seat on each of the lanes; {@code own} is the guest's home. */
    GuestSeats(NetDeviceConfig config, LaneContext own, List<LaneContext> lanes, Owner owner) {
        int homeNumber = Math.max(0, lanes.indexOf(own));
        placement = new PairPlacement(config.maxPairs(), lanes.size(), homeNumber);
        if (lanes.size() < 2) {
            home = new Seat(
                    0,
                    own,
                    new NetDevice(
                            config, own.sink, own.engine, HotCalls::checkpoint, owner.home(), own.lane.commands()));
            all.add(home);
            return;
        }
        List<SpreadPort> ports = new ArrayList<>();
        for (int i = 0; i < lanes.size(); i++) {
            ports.add(new SpreadPort(lanes.get(i).sink, i, lanes.size(), placement));
        }
        NetDevice first = new NetDevice(
                config,
                ports.get(homeNumber).sink(),
                own.engine,
                HotCalls::checkpoint,
                owner.home(),
                own.lane.commands());
        home = new Seat(homeNumber, own, first);
        for (int i = 0; i < lanes.size(); i++) {
            LaneContext context = lanes.get(i);
            Seat seat = home;
            if (i != homeNumber) {
                int firstPair = Math.min(Math.floorMod(i - homeNumber, lanes.size()), config.maxPairs() - 1);
                NetDevice device = first.seat(
                        config,
                        firstPair,
                        ports.get(i).sink(),
                        context.engine,
                        HotCalls::checkpoint,
                        owner.seat(i, new LaneAlarm(context.lane)),
                        context.lane.commands());
                seat = new Seat(i, context, device);
            }
            ports.get(i).setSeat(seat.device(), seat.device().steering());
            all.add(seat);
        }
        for (Seat seat : all) {
            SpreadPort port = ports.get(seat.number());
            Backend.inLane(seat.context(), () -> {
                seat.context().spread(seat.device(), port);
                seat.context().spread(first, port);
            });
        }
        for (Seat from : all) {
            for (Seat to : all) {
                if (from.number() != to.number()) {
                    RemotePort[] path = new RemotePort[1];
                    Backend.inLane(
                            to.context(),
                            () -> path[0] = to.context()
                                    .seat(
                                            ports.get(to.number()),
                                            reason -> to.device().fault(reason)));
                    ports.get(from.number()).setRemoteSeat(to.number(), path[0]);
                }
            }
        }
        first.control().mirror(command -> others(seat -> seat.control().apply(command)));
    }

    /** Receives the devices' events. */
    interface Owner {
        DeviceOwner home();

        DeviceOwner seat(int number, LaneAlarm alarm);
    }

    Seat home() {
        return home;
    }

    List<Seat> all() {
        return all;
    }

    boolean isHome(Seat seat) {
        return seat.number() == home.number();
    }

    /** Returns whether the guest has more than one seat. */
    boolean spread() {
        return all.size() > 1;
    }

    /** Returns the seat of a queue pair. */
    Seat ofPair(int pair) {
        return all.get(Math.floorMod(home.number() + pair, all.size()));
    }

    /** Runs a task on the lane of a seat, and returns its result. */
    <T> T ask(Seat seat, Supplier<T> task) {
        return isHome(seat) ? task.get() : home.lane().ask(seat.lane(), task);
    }

    /** Runs a task without a result on the lane of a seat. */
    void run(Seat seat, Runnable task) {
        boolean unused = ask(seat, () -> {
            task.run();
            return true;
        });
    }

    /** Runs a task for each seat except the home seat on that seat's lane, one after another, and waits. */
    void others(Consumer<Seat> task) {
        for (Seat seat : all) {
            if (!isHome(seat)) {
                run(seat, () -> task.accept(seat));
            }
        }
    }

    /** Runs a task for each seat on that seat's lane, the home seat last, and waits. */
    void each(Consumer<Seat> task) {
        others(task);
        run(home, () -> task.accept(home));
    }

    /** Sets the seat on which a pair receives frames from now on; null for none. */
    void place(int pair, Seat seat) {
        placement.put(pair, seat.number());
    }

    /** Marks a pair as receiving no frames from now on. */
    void displace(int pair) {
        placement.put(pair, PairPlacement.NOWHERE);
    }

    /** Adds the guest as a port to the bridge of every lane. */
    void join(PortRules rules) {
        for (Seat seat : all) {
            Backend.inLane(
                    seat.context(), () -> seat.context().add(seat.context().bridgePort(home.device()), rules));
        }
    }

    /** Removes the paths between the guest's seats, after all bridges have removed the guest. */
    void forgetPaths(LaneContext context) {
        for (Seat seat : all) {
            if (seat.context() == context) {
                context.forgetInlets(home.device());
                context.forgetSpread(home.device());
                context.forgetSpread(seat.device());
            }
        }
    }
}
