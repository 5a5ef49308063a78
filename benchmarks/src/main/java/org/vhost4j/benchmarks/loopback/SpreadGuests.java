// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.benchmarks.loopback;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.vhost4j.device.Budget;
import org.vhost4j.device.bridge.Bridge;
import org.vhost4j.device.bridge.LaneInbox;
import org.vhost4j.device.bridge.PairPlacement;
import org.vhost4j.device.bridge.SpreadPort;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.net.DeviceOwner;
import org.vhost4j.device.net.LinkSpeed;
import org.vhost4j.device.net.NetDevice;
import org.vhost4j.device.net.NetDeviceConfig;
import org.vhost4j.device.net.ReceiveTimeouts;
import org.vhost4j.device.offload.OffloadEngine;

/**
 * Two guests on a bridge, each with one queue pair on each of several lanes: one guest sends on all its queue pairs, the other receives. A
 * thread runs one lane and acts as the driver of its queue pairs; threads share only what lanes share.
 */
public final class SpreadGuests {
    private static final int BUFFER = 1536;
    private static final int HEADERS = 42;
    private static final int SENDER = 0;
    private static final int RECEIVER = 1;
    private static final FeatureSet FEATURES =
            FeatureSet.of(Feature.VERSION_1, Feature.MRG_RXBUF, Feature.MQ, Feature.CSUM, Feature.GUEST_CSUM);

    private final Arena arena;
    private final boolean packed;
    private final int ringSize;
    private final int memoryBytes;
    private final List<Lane> lanes = new ArrayList<>();

    /** One lane, with the drivers of its queue pairs. Used by one thread. */
    public static final class Lane {
        private final LaneInbox inbox;
        private final NetDevice sender;
        private final NetDevice receiver;
        private final RingDriver transmit;
        private final RingDriver receive;
        private final long buffers;
        private final int[] bufferOf;
        private final long frame;
        private final int frameBytes;

        /** The number of frames that are available and not used yet. */
        private int outstanding;

        private Lane(SpreadGuests all, LaneInbox inbox, NetDevice sender, NetDevice receiver, int pair, int payload) {
            this.inbox = inbox;
            this.sender = sender;
            this.receiver = receiver;
            transmit = all.start(sender, 2 * pair + 1);
            RingDriver unused = all.start(sender, 2 * pair);
            receive = all.start(receiver, 2 * pair);
            unused = all.start(receiver, 2 * pair + 1);
            bufferOf = new int[all.ringSize];
            buffers = receive.memory().allocate((long) all.ringSize * BUFFER, 4096);
            for (int i = 0; i < all.ringSize; i++) {
                post(i);
            }
            receive.publish();
            frameBytes = NetHeader.BYTES + HEADERS + payload;
            frame = transmit.memory().allocate(frameBytes, 64);
            write(frame + NetHeader.BYTES, pair, payload);
        }

        private static void write(long at, int flow, int payload) {
            HostMemory.putShortBE(at, 0x0200);
            HostMemory.putIntBE(at + 2, 2);
            HostMemory.putShortBE(at + 6, 0x0200);
            HostMemory.putIntBE(at + 8, 1);
            HostMemory.putShortBE(at + 12, 0x0800);
            HostMemory.putShortBE(at + 14, 0x4500);
            HostMemory.putShortBE(at + 16, 28 + payload);
            HostMemory.putShortBE(at + 22, 0x4011);
            HostMemory.putShortBE(at + 34, 1000 + flow);
            HostMemory.putShortBE(at + 36, 5001);
            HostMemory.putShortBE(at + 38, 8 + payload);
        }

        private void post(int buffer) {
            receive.begin();
            receive.writable(buffers + (long) buffer * BUFFER, BUFFER);
            bufferOf[receive.offer()] = buffer;
        }

        /**
         * Sends frames on this lane's queue pair, receives the frames that arrive on it, and runs the lane until all sent frames are used.
         * Frames that cross lanes are used only while the other lane runs, too; therefore the wait can be stopped. The next call then
         * starts with the remaining frames.
         *
         * @param frames the number of frames to send, at most the size of a ring
         * @param stop whether to return before all frames are used
         * @return the number of frames received
         */
        public int exchange(int frames, BooleanSupplier stop) {
            for (; outstanding < frames; outstanding++) {
                transmit.begin();
                transmit.readable(frame, frameBytes);
                transmit.offer();
            }
            transmit.publish();
            int came = 0;
            while (outstanding > 0 && !stop.getAsBoolean()) {
                sender.poll();
                inbox.poll();
                while (transmit.collect()) {
                    outstanding--;
                }
                came += collect();
            }
            return came;
        }

        /**
         * Sends frames and runs the lane until all are used, as {@link #exchange(int, BooleanSupplier)} does.
         *
         * @param frames the number of frames to send, at most the size of a ring
         * @return the number of frames received
         */
        public int exchange(int frames) {
            return exchange(frames, () -> false);
        }

        /**
         * Runs the lane once without sending.
         *
         * @return the number of frames received
         */
        public int turn() {
            inbox.poll();
            return collect();
        }

        private int collect() {
            receiver.flush();
            int came = 0;
            while (receive.collect()) {
                post(bufferOf[receive.usedId()]);
                came++;
            }
            receive.publish();
            return came;
        }
    }

    /**
     * Creates guests whose drivers are ready and whose receive buffers are posted.
     *
     * @param arena the arena from which the guests' memory is allocated
     * @param packed whether the rings are packed instead of split
     * @param count the number of lanes, which is also the number of queue pairs of each guest
     * @param crossing whether frames sent on one lane are received on the next one
     * @param payload the payload of each frame, in bytes
     * @param ringSize the number of entries of each ring, a power of two
     * @param memoryBytes the size of the memory for each queue, in bytes
     */
    public SpreadGuests(
            Arena arena, boolean packed, int count, boolean crossing, int payload, int ringSize, int memoryBytes) {
        this.arena = arena;
        this.packed = packed;
        this.ringSize = ringSize;
        this.memoryBytes = memoryBytes;
        Bridge[] bridges = new Bridge[count];
        LaneInbox[] inboxes = new LaneInbox[count];
        OffloadEngine[] engines = new OffloadEngine[count];
        for (int i = 0; i < count; i++) {
            engines[i] = new OffloadEngine();
            bridges[i] = i == 0 ? new Bridge(engines[i]) : bridges[0].on(engines[i]);
            inboxes[i] = new LaneInbox("lane" + i, bridges[i], () -> {});
        }
        List<NetDevice[]> devices = new ArrayList<>();
        for (int guest = SENDER; guest <= RECEIVER; guest++) {
            devices.add(seats(guest, bridges, inboxes, engines));
        }
        for (int i = 0; i < count; i++) {
            lanes.add(new Lane(this, inboxes[i], devices.get(SENDER)[i], devices.get(RECEIVER)[i], i, payload));
        }
        Frame flow = new Frame();
        for (int i = 0; i < count; i++) {
            Lane lane = lanes.get(i);
            flow.clear();
            boolean fits = flow.add(lane.frame + NetHeader.BYTES, HEADERS + payload);
            if (!fits) {
                throw new IllegalStateException("a frame of one piece does not fit");
            }
            devices.get(RECEIVER)[i].steering().learn(flow, crossing ? (i + 1) % count : i);
        }
    }

    private static NetDevice[] seats(int guest, Bridge[] bridges, LaneInbox[] inboxes, OffloadEngine[] engines) {
        int count = bridges.length;
        NetDeviceConfig config = new NetDeviceConfig(
                "guest" + guest, 0x020000000001L + guest, count, 0, LinkSpeed.UNKNOWN, ReceiveTimeouts.DEFAULT);
        PairPlacement placement = new PairPlacement(count, count, 0);
        SpreadPort[] ports = new SpreadPort[count];
        NetDevice[] seats = new NetDevice[count];
        for (int i = 0; i < count; i++) {
            Budget budget = new Budget(64, 1 << 16, 50_000, System::nanoTime);
            ports[i] = new SpreadPort(bridges[i], i, count, placement);
            seats[i] = i == 0
                    ? new NetDevice(config, ports[i].sink(), engines[i], () -> {}, DeviceOwner.NONE, budget)
                    : seats[0].seat(config, i, ports[i].sink(), engines[i], () -> {}, DeviceOwner.NONE, budget);
            seats[i].control().features(FEATURES);
            ports[i].setSeat(seats[i], seats[i].steering());
            bridges[i].add(ports[i]);
            placement.put(i, i);
        }
        for (int from = 0; from < count; from++) {
            for (int to = 0; to < count; to++) {
                if (from != to) {
                    ports[from].setRemoteSeat(to, inboxes[to].seat(ports[to], seats[to]::fault, () -> {}));
                }
            }
        }
        return seats;
    }

    private RingDriver start(NetDevice device, int index) {
        return LoopbackQueue.start(arena, packed, ringSize, memoryBytes, device, index)
                .driver();
    }

    /**
     * Returns a lane.
     *
     * @param number the number of the lane, from 0
     * @return the lane, to be used by one thread
     */
    public Lane lane(int number) {
        return lanes.get(number);
    }
}
