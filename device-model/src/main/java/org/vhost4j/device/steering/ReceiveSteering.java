// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.steering;

import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;

/**
 * Chooses the queue pair on which a frame is received (virtio 1.4 sections 5.1.6.5.6 and 5.1.6.5.7). If the driver has
 * configured receive-side scaling, its indirection table determines the pair. Otherwise it is the pair on which the
 * guest last sent a frame of the same flow.
 */
public final class ReceiveSteering {
    public final ReceiveHash hash = new ReceiveHash();
    final FlowTable flows;

    /** Number of pairs that the driver uses without RSS. */
    private int pairs = 1;

    private int[] table = new int[0];
    private int unclassified;
    private boolean reports;

    /** Creates the steering of a device on a single lane. */
    public ReceiveSteering() {
        this.flows = new FlowTable();
    }

    /**
     * Creates the steering of the same device on another lane. The two share the table of flows on which the guest has
     * sent.
     *
     * @param other steering on the device's home lane; the caller must pass the driver's configuration to both
     */
    public ReceiveSteering(ReceiveSteering other) {
        this.flows = other.flows;
    }

    /**
     * Resets the steering, for a driver that has not configured it yet.
     *
     * @param pairsInUse number of pairs that the driver uses
     * @param withReports whether HASH_REPORT was negotiated
     */
    public void reset(int pairsInUse, boolean withReports) {
        pairs = pairsInUse;
        reports = withReports;
        table = new int[0];
        hash.clear();
        flows.clear();
    }

    /** Executes MQ_VQ_PAIRS_SET: sets the number of pairs, and enables automatic steering by flow. */
    public void automatic(int pairsInUse) {
        pairs = pairsInUse;
        table = new int[0];
    }

    /** Executes MQ_RSS_CONFIG: enables receive-side scaling. */
    public void scale(RssConfig config) {
        table = config.table();
        unclassified = config.unclassified();
        hash.configure(config.types(), config.key());
    }

    /** Executes MQ_HASH_CONFIG: sets the reported hash types; the steering does not change. */
    public void report(RssConfig config) {
        hash.configure(config.types(), config.key());
    }

    /** Returns whether every frame is received on the first pair, without a hash report. */
    public boolean singleQueue() {
        return table.length == 0 && pairs == 1 && !reportsHash();
    }

    /** Returns whether the virtio-net header of received frames contains a hash. */
    public boolean reportsHash() {
        return reports && hash.on();
    }

    /** Learns the pair on which the guest sent a frame. */
    public void learn(Frame frame, int pair) {
        if (byFlow()) {
            flows.learn(frame.address[0], frame.length[0], pair);
        }
    }

    /** Learns the pair on which the guest sent a burst of frames. */
    public void learn(FrameBurst frames, int pair) {
        if (byFlow()) {
            for (int i = 0; i < frames.count(); i++) {
                flows.learn(frames.address(i), frames.bytes(i), pair);
            }
        }
    }

    private boolean byFlow() {
        return pairs > 1 && table.length == 0;
    }

    /**
     * Returns the queue pair for one frame of a burst. It does not provide a hash to report: with {@link #reportsHash},
     * use {@link #pairFor(Frame)}.
     */
    public int pairFor(FrameBurst frames, int index) {
        if (table.length != 0) {
            return pairFor(frames.frame(index));
        }
        return pairOfFlow(frames.address(index), frames.bytes(index));
    }

    /** Returns the pair for a frame, and sets {@link #hash} when hashes are reported. */
    public int pairFor(Frame frame) {
        if (table.length != 0) {
            return hash.look(frame) ? table[hash.value & (table.length - 1)] : unclassified;
        }
        if (reportsHash()) {
            hash.look(frame);
        }
        return pairOfFlow(frame.address[0], frame.length[0]);
    }

    private int pairOfFlow(long at, int length) {
        int pair = pairs > 1 ? flows.pairFor(at, length) : 0;
        return pair < pairs ? pair : 0;
    }
}
