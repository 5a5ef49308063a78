// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.memory.LittleEndian;
import org.vhost4j.device.steering.ReceiveFilter;

/**
 * Executes the commands of the control queue (virtio 1.4 section 5.1.6.5). A command of a feature that was not
 * negotiated, or with an invalid value or length, is refused with VIRTIO_NET_ERR and changes nothing.
 */
final class ControlCommands {
    static final int CLASS_RX = 0;
    static final int CLASS_MAC = 1;
    static final int CLASS_VLAN = 2;
    private static final int CLASS_ANNOUNCE = 3;
    static final int CLASS_MQ = 4;
    static final int CLASS_GUEST_OFFLOADS = 5;
    static final int CLASS_NOTF_COAL = 6;
    private static final int CLASS_STATS = 8;

    static final int MAC_TABLE_SET = 0;
    static final int MAC_ADDR_SET = 1;
    static final int VLAN_ADD = 0;
    private static final int VLAN_DEL = 1;
    private static final int MQ_VQ_PAIRS_SET = 0;
    private static final int MQ_RSS_CONFIG = 1;
    private static final int MQ_HASH_CONFIG = 2;
    private static final int COAL_TX_SET = 0;
    private static final int COAL_RX_SET = 1;
    static final int COAL_VQ_SET = 2;
    static final int COAL_VQ_GET = 3;

    private final DriverSettings driver;

    /** Creates the commands for one device. */
    ControlCommands(DriverSettings driver) {
        this.driver = driver;
    }

    /** The response to the driver: the ack byte and, for some commands, a result after it. */
    static final class Answer {
        static final Answer OK = new Answer(true, new byte[0]);
        static final Answer ERR = new Answer(false, new byte[0]);

        private final boolean done;
        private final byte[] result;

        private Answer(boolean done, byte[] result) {
            this.done = done;
            this.result = result;
        }

        static Answer of(boolean done) {
            return done ? OK : ERR;
        }

        static Answer with(byte[] result) {
            return new Answer(true, result);
        }

        boolean done() {
            return done;
        }

        byte[] result() {
            return result;
        }

        /** Returns VIRTIO_NET_OK or VIRTIO_NET_ERR. */
        int code() {
            return done ? 0 : 1;
        }
    }

    /**
     * Executes a command.
     *
     * @param command class, command and data, as the driver sent them
     * @param room size in bytes of the driver's buffer for the result; a command whose result does not fit is refused
     */
    Answer execute(byte[] command, long room) {
        if (command.length < 2) {
            return Answer.ERR;
        }
        int code = command[1] & 0xff;
        Answer answer = switch (command[0] & 0xff) {
            case CLASS_RX -> Answer.of(receiveMode(code, command));
            case CLASS_MAC -> Answer.of(mac(code, command));
            case CLASS_VLAN -> Answer.of(vlan(code, command));
            case CLASS_ANNOUNCE -> Answer.of(announced(code));
            case CLASS_MQ -> Answer.of(multiqueue(code, command));
            case CLASS_GUEST_OFFLOADS -> Answer.of(guestOffloads(code, command));
            case CLASS_NOTF_COAL -> coalescing(code, command);
            case CLASS_STATS -> statistics(code, command, room);
            default -> Answer.ERR;
        };
        if (answer.result().length > room) {
            return Answer.ERR;
        }
        if (answer.done()) {
            driver.settings.carriedOut(command);
            int kind = command[0] & 0xff;
            if (kind != CLASS_STATS && kind != CLASS_ANNOUNCE) {
                driver.mirror.accept(command);
            }
        }
        return answer;
    }

    private boolean multiqueue(int code, byte[] command) {
        return switch (code) {
            case MQ_VQ_PAIRS_SET -> queuePairs(command);
            case MQ_RSS_CONFIG -> scaling(command);
            case MQ_HASH_CONFIG -> hashing(command);
            default -> false;
        };
    }

    private boolean receiveMode(int mode, byte[] command) {
        Feature needed = mode <= 1 ? Feature.CTRL_RX : Feature.CTRL_RX_EXTRA;
        if (!driver.negotiated(needed) || command.length != 3) {
            return false;
        }
        boolean on = command[2] != 0;
        ReceiveFilter filter = driver.filter;
        switch (mode) {
            case 0 -> filter.promiscuous = on;
            case 1 -> filter.allMulticast = on;
            case 2 -> filter.allUnicast = on;
            case 3 -> filter.noMulticast = on;
            case 4 -> filter.noUnicast = on;
            case 5 -> filter.noBroadcast = on;
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean mac(int code, byte[] command) {
        if (code == MAC_ADDR_SET && driver.negotiated(Feature.CTRL_MAC_ADDR) && command.length == 2 + 6) {
            driver.configSpace.setMac(address(command, 2));
            return true;
        }
        if (code == MAC_TABLE_SET && driver.negotiated(Feature.CTRL_RX)) {
            return macTable(command);
        }
        return false;
    }

    /**
     * Executes MAC_TABLE_SET: the unicast table, then the multicast table, each a le32 count and that number of
     * addresses. Changes nothing unless both are complete.
     */
    private boolean macTable(byte[] command) {
        int unicastAt = 2;
        long unicasts = count(command, unicastAt);
        long multicastAt = unicastAt + 4 + 6 * unicasts;
        if (unicasts < 0 || multicastAt > command.length) {
            return false;
        }
        long multicasts = count(command, (int) multicastAt);
        if (multicasts < 0 || multicastAt + 4 + 6 * multicasts != command.length) {
            return false;
        }
        ReceiveFilter filter = driver.filter;
        filter.clearAddresses();
        for (int i = 0; i < unicasts; i++) {
            filter.addUnicast(address(command, unicastAt + 4 + 6 * i));
        }
        for (int i = 0; i < multicasts; i++) {
            filter.addMulticast(address(command, (int) multicastAt + 4 + 6 * i));
        }
        return true;
    }

    private boolean vlan(int code, byte[] command) {
        if (!driver.negotiated(Feature.CTRL_VLAN) || command.length != 4 || code > VLAN_DEL) {
            return false;
        }
        int id = (int) LittleEndian.read(command, 2, 2);
        if (id > 4095) {
            return false;
        }
        driver.filter.vlan(id, code == VLAN_ADD);
        return true;
    }

    private boolean queuePairs(byte[] command) {
        return driver.negotiated(Feature.MQ)
                && command.length == 4
                && driver.queuePairs((int) LittleEndian.read(command, 2, 2));
    }

    private boolean scaling(byte[] command) {
        return driver.negotiated(Feature.RSS) && driver.scale(command);
    }

    private boolean hashing(byte[] command) {
        return driver.negotiated(Feature.HASH_REPORT) && driver.reportHashes(command);
    }

    private boolean announced(int code) {
        if (code != 0 || !driver.negotiated(Feature.GUEST_ANNOUNCE)) {
            return false;
        }
        driver.configSpace.announce(false);
        return true;
    }

    private Answer coalescing(int code, byte[] command) {
        boolean ofAll = code == COAL_TX_SET || code == COAL_RX_SET;
        if (!driver.negotiated(ofAll ? Feature.NOTF_COAL : Feature.VQ_NOTF_COAL)) {
            return Answer.ERR;
        }
        Moderations moderations = driver.moderations;
        if (ofAll) {
            if (command.length != 2 + 8) {
                return Answer.ERR;
            }
            moderations.setAll(code == COAL_RX_SET, Moderation.read(command, 2));
            return Answer.OK;
        }
        int queue = command.length < 6 ? -1 : (int) LittleEndian.read(command, 2, 2);
        if (queue < 0 || !moderations.has(queue)) {
            return Answer.ERR;
        }
        if (code == COAL_VQ_SET && command.length == 6 + 8) {
            moderations.set(queue, Moderation.read(command, 6));
            return Answer.OK;
        }
        // Linux sends the whole structure even with a query.
        boolean asked = code == COAL_VQ_GET && (command.length == 6 || command.length == 6 + 8);
        return asked ? Answer.with(moderations.of(queue).bytes()) : Answer.ERR;
    }

    private Answer statistics(int code, byte[] command, long room) {
        if (!driver.negotiated(Feature.DEVICE_STATS)) {
            return Answer.ERR;
        }
        return switch (code) {
            case StatisticsReply.QUERY -> command.length == 2 ? Answer.with(driver.statisticsTypes()) : Answer.ERR;
            case StatisticsReply.GET ->
                driver.statistics(command, room).map(Answer::with).orElse(Answer.ERR);
            default -> Answer.ERR;
        };
    }

    private boolean guestOffloads(int code, byte[] command) {
        if (code != 0 || !driver.negotiated(Feature.CTRL_GUEST_OFFLOADS) || command.length != 10) {
            return false;
        }
        return driver.guestOffloads(FeatureSet.ofWord(LittleEndian.read(command, 2, 8)));
    }

    private static long count(byte[] command, int at) {
        return at + 4 > command.length ? -1 : LittleEndian.read(command, at, 4);
    }

    private static long address(byte[] command, int at) {
        long mac = 0;
        for (int i = 0; i < 6; i++) {
            mac = (mac << 8) | (command[at + i] & 0xff);
        }
        return mac;
    }
}
