// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.ring.Chain;
import org.vhost4j.device.ring.RingFault;
import org.vhost4j.device.ring.Virtqueue;
import org.vhost4j.device.stats.Counter;

/**
 * The control queue (virtio 1.4 section 5.1.6.5). A command is a class, a command and data to read, and one byte to write:
 * 0 for done, 1 for refused. A command is copied out of guest memory once before it is looked at.
 */
final class ControlQueue {
    private static final int OK = 0;
    private static final int ERR = 1;

    private static final int CLASS_RX = 0;
    private static final int CLASS_MAC = 1;
    private static final int CLASS_VLAN = 2;
    private static final int CLASS_ANNOUNCE = 3;
    private static final int CLASS_MQ = 4;
    private static final int CLASS_GUEST_OFFLOADS = 5;

    private static final int MAC_TABLE_SET = 0;
    private static final int MAC_ADDR_SET = 1;
    private static final int VLAN_ADD = 0;
    private static final int VLAN_DEL = 1;

    /** The longest command that is taken: a MAC table of ten thousand addresses. */
    private static final int MAX_COMMAND = 65536;

    final Virtqueue queue;
    GuestNotifier notifier;

    private final NetDevice device;
    private final Chain chain = new Chain();

    ControlQueue(NetDevice device, Virtqueue queue, GuestNotifier notifier) {
        this.device = device;
        this.queue = queue;
        this.notifier = notifier;
    }

    /** Carries out one command; false when there is none. */
    boolean next() {
        if (!queue.pop(chain)) {
            return false;
        }
        if (chain.writableBytes < 1) {
            throw new RingFault("%s: the control command at descriptor %d has no byte for the answer"
                    .formatted(queue.name(), chain.head));
        }
        int answer = chain.readableBytes > MAX_COMMAND ? ERR : execute(command());
        device.counters().increment(answer == OK ? Counter.CONTROL_OK : Counter.CONTROL_REFUSED);
        HostMemory.putByte(chain.address[chain.readable], answer);
        queue.use(chain.id, 1);
        return true;
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

    private int execute(byte[] command) {
        if (command.length < 2) {
            return ERR;
        }
        int code = command[1] & 0xff;
        return switch (command[0] & 0xff) {
            case CLASS_RX -> receiveMode(code, command);
            case CLASS_MAC -> mac(code, command);
            case CLASS_VLAN -> vlan(code, command);
            case CLASS_ANNOUNCE -> code == 0 && device.negotiated(Feature.GUEST_ANNOUNCE) ? OK : ERR;
            case CLASS_MQ -> queuePairs(code, command);
            case CLASS_GUEST_OFFLOADS -> guestOffloads(code, command);
            default -> ERR;
        };
    }

    private int receiveMode(int mode, byte[] command) {
        Feature needed = mode <= 1 ? Feature.CTRL_RX : Feature.CTRL_RX_EXTRA;
        if (!device.negotiated(needed) || command.length != 3) {
            return ERR;
        }
        boolean on = command[2] != 0;
        ReceiveFilter filter = device.filter();
        switch (mode) {
            case 0 -> filter.promiscuous = on;
            case 1 -> filter.allMulticast = on;
            case 2 -> filter.allUnicast = on;
            case 3 -> filter.noMulticast = on;
            case 4 -> filter.noUnicast = on;
            case 5 -> filter.noBroadcast = on;
            default -> {
                return ERR;
            }
        }
        return OK;
    }

    private int mac(int code, byte[] command) {
        if (code == MAC_ADDR_SET && device.negotiated(Feature.CTRL_MAC_ADDR) && command.length == 2 + 6) {
            device.config().setMac(address(command, 2));
            return OK;
        }
        if (code == MAC_TABLE_SET && device.negotiated(Feature.CTRL_RX)) {
            return macTable(command);
        }
        return ERR;
    }

    /** Two tables, unicast and multicast, each a le32 count and so many addresses. Nothing changes unless both are whole. */
    private int macTable(byte[] command) {
        int unicastAt = 2;
        long unicasts = count(command, unicastAt);
        long multicastAt = unicastAt + 4 + 6 * unicasts;
        if (unicasts < 0 || multicastAt > command.length) {
            return ERR;
        }
        long multicasts = count(command, (int) multicastAt);
        if (multicasts < 0 || multicastAt + 4 + 6 * multicasts != command.length) {
            return ERR;
        }
        ReceiveFilter filter = device.filter();
        filter.clearAddresses();
        for (int i = 0; i < unicasts; i++) {
            filter.addUnicast(address(command, unicastAt + 4 + 6 * i));
        }
        for (int i = 0; i < multicasts; i++) {
            filter.addMulticast(address(command, (int) multicastAt + 4 + 6 * i));
        }
        return OK;
    }

    private int vlan(int code, byte[] command) {
        if (!device.negotiated(Feature.CTRL_VLAN) || command.length != 4 || code > VLAN_DEL) {
            return ERR;
        }
        int id = (int) littleEndian(command, 2, 2);
        if (id > 4095) {
            return ERR;
        }
        device.filter().vlan(id, code == VLAN_ADD);
        return OK;
    }

    private int queuePairs(int code, byte[] command) {
        if (code != 0 || !device.negotiated(Feature.MQ) || command.length != 4) {
            return ERR;
        }
        return device.queuePairs((int) littleEndian(command, 2, 2)) ? OK : ERR;
    }

    private int guestOffloads(int code, byte[] command) {
        if (code != 0 || !device.negotiated(Feature.CTRL_GUEST_OFFLOADS) || command.length != 10) {
            return ERR;
        }
        return device.guestOffloads(littleEndian(command, 2, 8)) ? OK : ERR;
    }

    private static long count(byte[] command, int at) {
        return at + 4 > command.length ? -1 : littleEndian(command, at, 4);
    }

    private static long littleEndian(byte[] command, int at, int bytes) {
        long value = 0;
        for (int i = bytes - 1; i >= 0; i--) {
            value = (value << 8) | (command[at + i] & 0xff);
        }
        return value;
    }

    private static long address(byte[] command, int at) {
        long mac = 0;
        for (int i = 0; i < 6; i++) {
            mac = (mac << 8) | (command[at + i] & 0xff);
        }
        return mac;
    }
}
