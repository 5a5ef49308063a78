// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.steering;

import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;

/**
 * Chooses the queue pair on which a frame is received: by the indirection table of receive-side scaling once the driver has set one, otherwise by the
 * pair on which the guest sent for that flow last (virtio 1.4 sections 5.1.6.5.6 and 5.1.6.5.7).
 */
public final class ReceiveSteering {
    public final ReceiveHash hash = new ReceiveHash();
    final FlowTable flows;

    /** How many pairs the driver uses without RSS: all, or as many as it said on the control queue. */
    private int pairs = 1;

    private int[] table = new int[0];
    private int unclassified;
    private boolean reports;

    /** Steering of a device that one lane has. */
    public ReceiveSteering() {
        this.flows = new FlowTable();
    }

    /**
     * Steering of the same device on another lane: it knows the flows that the guest has sent on any lane.
     *
     * @param other of the device's own lane; what the driver configures both have to be told
     */
    public ReceiveSteering(ReceiveSteering other) {
        this.flows = other.flows;
    }

    /**
     * A driver that has configured nothing.
     *
     * @param pairsInUse how many pairs it uses
     * @param withReports whether HASH_REPORT was negotiated
     */
    public void reset(int pairsInUse, boolean withReports) {
        pairs = pairsInUse;
        reports = withReports;
        table = new int[0];
        hash.clear();
        flows.clear();
    }

    /** MQ_VQ_PAIRS_SET: sets the number of pairs, and steers by flow. */
    public void automatic(int pairsInUse) {
        pairs = pairsInUse;
        table = new int[0];
    }

    /** MQ_RSS_CONFIG. */
    public void scale(RssConfig config) {
        table = config.table();
        unclassified = config.unclassified();
        hash.configure(config.types(), config.key());
    }

    /** MQ_HASH_CONFIG: what is reported; the steering stays as it is. */
    public void report(RssConfig config) {
        hash.configure(config.types(), config.key());
    }

    /** Whether every frame takes the first pair, whatever it is, and nothing is said about it. */
    public boolean singleQueue() {
        return table.length == 0 && pairs == 1 && !reportsHash();
    }

    /** Whether frames come with a hash in their header. */
    public boolean reportsHash() {
        return reports && hash.on();
    }

    /** The guest sent a frame on a pair. */
    public void learn(Frame frame, int pair) {
        if (byFlow()) {
            flows.learn(frame.address[0], frame.length[0], pair);
        }
    }

    /** The guest sent frames together on a pair. */
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

    /** The queue pair for one frame of a burst; its hash is not {@link #reportsHash reported}. */
    public int pairFor(FrameBurst frames, int index) {
        if (table.length != 0) {
            return pairFor(frames.frame(index));
        }
        return pairOfFlow(frames.address(index), frames.bytes(index));
    }

    /** The pair for a frame; {@link #hash} has its hash when hashes are reported. */
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
