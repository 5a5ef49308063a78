// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.load;

import java.util.List;

/** Runs senders and receivers alternately, each as fast as possible. */
final class TrafficJob implements Job {
    private final FrameSender[] senders;
    private final FrameReceiver[] receivers;
    private long sent;
    private long received;

    TrafficJob(List<FrameSender> senders, List<FrameReceiver> receivers) {
        this.senders = senders.toArray(new FrameSender[0]);
        this.receivers = receivers.toArray(new FrameReceiver[0]);
    }

    @Override
    public void step() {
        for (FrameSender sender : senders) {
            sent += sender.collect();
            sender.burst();
        }
        receive();
    }

    private void receive() {
        for (FrameReceiver receiver : receivers) {
            received += receiver.burst();
        }
    }

    @Override
    public boolean drained() {
        boolean drained = true;
        for (FrameSender sender : senders) {
            sent += sender.collect();
            drained &= sender.inFlight() == 0;
        }
        receive();
        return drained;
    }

    @Override
    public long sent() {
        return sent;
    }

    @Override
    public long received() {
        return received;
    }
}
