// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vhost4j.device.memory.LittleEndian;
import org.vhost4j.device.steering.ReceiveFilter;

/**
 * The commands by which a driver made its settings, without those that later commands have overridden: a device that
 * executes them has the same settings. The number is bounded whatever the driver sends: a few commands for each queue,
 * and at most one for each VLAN.
 */
final class SettingCommands {
    private static final int COUNT_BYTES = 4;
    private static final int MAC_BYTES = 6;
    /** Maximum number of commands: more than a driver's settings need. */
    private static final int MOST_COMMANDS = 5000;

    private static final int MOST_BYTES = 1 << 15;

    /** The last command of each kind, in the order of execution, except those for VLANs. */
    private final Map<Integer, byte[]> latest = new LinkedHashMap<>();

    private final BitSet vlans = new BitSet();

    /** Removes all commands. */
    void clear() {
        latest.clear();
        vlans.clear();
    }

    /** Stores a command that was executed, if it has changed a setting. */
    void carriedOut(byte[] command) {
        int code = command[1] & 0xff;
        switch (command[0] & 0xff) {
            case ControlCommands.CLASS_RX, ControlCommands.CLASS_MQ, ControlCommands.CLASS_GUEST_OFFLOADS ->
                keep(command, 0, command.clone());
            case ControlCommands.CLASS_MAC -> {
                // The MAC address is stored in the config space.
                if (code == ControlCommands.MAC_TABLE_SET) {
                    keep(command, 0, bounded(command));
                }
            }
            case ControlCommands.CLASS_VLAN ->
                vlans.set((int) LittleEndian.read(command, 2, 2), code == ControlCommands.VLAN_ADD);
            case ControlCommands.CLASS_NOTF_COAL -> {
                if (code == ControlCommands.COAL_VQ_SET) {
                    keep(command, (int) LittleEndian.read(command, 2, 2), command.clone());
                } else if (code != ControlCommands.COAL_VQ_GET) {
                    keep(command, 0, command.clone());
                }
            }
            default -> {
                // Not a setting: a query, or the acknowledgement of an announcement.
            }
        }
    }

    private void keep(byte[] command, int queue, byte[] copy) {
        int key = (command[0] & 0xff) << 24 | (command[1] & 0xff) << 16 | queue;
        latest.remove(key);
        latest.put(key, copy);
    }

    /** Returns a MAC_TABLE_SET command without the addresses after the first one that makes a table overflow. */
    private static byte[] bounded(byte[] command) {
        int unicasts = (int) LittleEndian.read(command, 2, COUNT_BYTES);
        int multicastAt = 2 + COUNT_BYTES + MAC_BYTES * unicasts;
        int multicasts = (int) LittleEndian.read(command, multicastAt, COUNT_BYTES);
        int most = ReceiveFilter.MAX_ADDRESSES + 1;
        byte[] copy = Arrays.copyOf(
                command, 2 + 2 * COUNT_BYTES + MAC_BYTES * (Math.min(unicasts, most) + Math.min(multicasts, most)));
        copy[2] = (byte) Math.min(unicasts, most);
        int at = 2 + COUNT_BYTES + MAC_BYTES * copy[2];
        Arrays.fill(copy, 3, 2 + COUNT_BYTES, (byte) 0);
        copy[at] = (byte) Math.min(multicasts, most);
        Arrays.fill(copy, at + 1, at + COUNT_BYTES, (byte) 0);
        System.arraycopy(command, multicastAt + COUNT_BYTES, copy, at + COUNT_BYTES, copy.length - at - COUNT_BYTES);
        return copy;
    }

    /**
     * Returns the commands, in an order that results in the same settings.
     *
     * @return class, command and data of each command
     */
    List<byte[]> commands() {
        List<byte[]> all = new ArrayList<>(latest.values());
        vlans.stream()
                .mapToObj(id ->
                        new byte[] {ControlCommands.CLASS_VLAN, ControlCommands.VLAN_ADD, (byte) id, (byte) (id >>> 8)})
                .forEach(all::add);
        return all;
    }

    /** Writes commands for a device in another process. */
    static void write(List<byte[]> commands, DataOutput out) throws IOException {
        out.writeInt(commands.size());
        for (byte[] command : commands) {
            out.writeInt(command.length);
            out.write(command);
        }
    }

    /** Reads commands that {@link #write} has written. */
    static List<byte[]> read(DataInput in) throws IOException {
        int count = in.readInt();
        if (count < 0 || count > MOST_COMMANDS) {
            throw new IOException("the settings have %d commands".formatted(count));
        }
        List<byte[]> commands = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int bytes = in.readInt();
            if (bytes < 2 || bytes > MOST_BYTES) {
                throw new IOException("a command has %d bytes".formatted(bytes));
            }
            byte[] command = new byte[bytes];
            in.readFully(command);
            commands.add(command);
        }
        return commands;
    }
}
