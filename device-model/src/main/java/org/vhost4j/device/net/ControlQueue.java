// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.ring.Chain;
import org.vhost4j.device.ring.RingFault;
import org.vhost4j.device.ring.Virtqueue;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.Counters;

/**
 * The control queue (virtio 1.4 section 5.1.6.5). The device-readable part of a chain is a class, a command and data.
 * The device-writable part is an ack byte (0 VIRTIO_NET_OK, 1 VIRTIO_NET_ERR), followed by a result for some commands.
 * The device copies a command out of guest memory once, before it interprets the command.
 */
final class ControlQueue {
    /** Maximum length of a command in bytes: room for a MAC table of ten thousand addresses. */
    private static final int MAX_COMMAND = 65536;

    /** The virtqueue; replaced by a {@link Virtqueue#logged} one while writes are logged. */
    Virtqueue queue;

    final QueueInterrupt interrupt;

    private final ControlCommands commands;
    private final Counters counters;
    private final Chain chain = new Chain();

    ControlQueue(ControlCommands commands, Virtqueue queue, QueueInterrupt interrupt, Counters counters) {
        this.commands = commands;
        this.queue = queue;
        this.interrupt = interrupt;
        this.counters = counters;
    }

    /**
     * Executes the next command, if one is available. Returns the length of the command and its response in bytes, 0
     * without a command.
     */
    long next() {
        if (!queue.pop(chain)) {
            return 0;
        }
        if (chain.writableBytes < 1) {
            queue.unpop(1);
            throw new RingFault("%s: the control command at descriptor %d has no byte for the response"
                    .formatted(queue.name(), chain.head));
        }
        QueueStatistics statistics = interrupt.statistics();
        // The statistics of the control queue include the query itself (virtio 1.4 section 5.1.6.5.10).
        statistics.packets++;
        statistics.done++;
        ControlCommands.Answer answer = chain.readableBytes > MAX_COMMAND
                ? ControlCommands.Answer.ERR
                : commands.execute(command(), chain.writableBytes - 1);
        statistics.done -= answer.done() ? 0 : 1;
        counters.increment(answer.done() ? Counter.CONTROL_OK : Counter.CONTROL_REFUSED);
        write(answer);
        queue.addUsed(chain.id, 1 + answer.result().length);
        return chain.readableBytes + 1 + answer.result().length;
    }

    private byte[] command() {
        byte[] command = new byte[(int) chain.readableBytes];
        int at = 0;
        for (int i = 0; i < chain.readable; i++) {
            for (int j = 0; j < chain.length[i]; j++) {
                command[at++] = (byte) HostMemory.getByte(chain.address[i] + j);
            }
        }
        return command;
    }

    /** Writes the ack byte and the result to the chain's writable pieces, which have room for both. */
    private void write(ControlCommands.Answer answer) {
        byte[] result = answer.result();
        int at = -1;
        for (int i = chain.readable; at < result.length; i++) {
            for (int j = 0; j < chain.length[i] && at < result.length; j++) {
                HostMemory.putByte(chain.address[i] + j, at < 0 ? answer.code() : result[at]);
                at++;
            }
        }
    }
}
