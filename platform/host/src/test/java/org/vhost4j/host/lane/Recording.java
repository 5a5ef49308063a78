// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.vhost4j.device.Pollable;

/** A listener that records a lane's reports. */
final class Recording implements LaneListener {
    final BlockingQueue<String> faults = new LinkedBlockingQueue<>();
    final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();

    @Override
    public void faulted(Pollable pollable, String reason, Throwable cause) {
        faults.add(pollable.name() + ": " + reason);
    }

    @Override
    public void failed(Throwable cause) {
        failures.add(cause);
    }
}
