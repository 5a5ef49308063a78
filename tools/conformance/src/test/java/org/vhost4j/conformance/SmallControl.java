// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.vhost4j.conformance.SmallQueue.Buffer;
import org.vhost4j.conformance.SmallQueue.Chain;
import org.vhost4j.frontend.Control;

/** The control queue of a {@link SmallBackEnd}, and the filters of frames that its commands set (virtio 1.4, 5.1.6.5). */
final class SmallControl {
    private static final int COALESCING = 6;
    private static final int COALESCE_TRANSMIT = 0;
    private static final int COALESCE_RECEIVE = 1;
    private static final int COALESCE_SET = 2;
    private static final int COALESCE_GET = 3;
    private static final int COALESCE_BYTES = 8;
    private static final int MAC_BYTES = 6;
    private static final int MOST = 4096;
    private static final int VLANS = 4096;
    private static final int VLAN_TYPE = 0x8100;
    /** With a fault no command is answered after so many. */
    private static final int LAST_COMMAND = 70;

    private static final HexFormat HEX = HexFormat.of();
    private static final byte[] REFUSED = {Control.ERR};
    private static final byte[] DONE = {Control.OK};

    private final SmallMemory memory;
    private final SmallHash hash;
    private final List<SmallQueue> queues;
    private final Fault fault;
    private final boolean[] modes = new boolean[Control.RX_NOBCAST + 1];
    private final Set<String> table = new TreeSet<>();
    private final byte[][] coalescing = new byte[2][COALESCE_BYTES];
    private String address = "";
    private int vlan;
    private int commands;

    /** {@code queues} are the receive queue and the transmit queue, whose notifications can be coalesced. */
    SmallControl(SmallMemory memory, SmallHash hash, List<SmallQueue> queues, Fault fault) {
        this.memory = memory;
        this.hash = hash;
        this.queues = queues;
        this.fault = fault;
        reset();
    }

    void reset() {
        Arrays.fill(modes, false);
        // A device that was not told anything takes every frame.
        modes[Control.RX_PROMISC] = true;
        table.clear();
        address = "";
        vlan = 0;
        commands = 0;
        for (int queue = 0; queue < coalescing.length; queue++) {
            coalesce(queue, new byte[COALESCE_BYTES]);
        }
    }

    /** Carries out what there is. */
    void turn(SmallQueue queue) {
        if (!queue.runs()) {
            return;
        }
        while (queue.available() > 0 && !(fault == Fault.CONTROL_STOPS && commands >= LAST_COMMAND)) {
            Chain chain = queue.take();
            byte[] answer = answer(command(chain));
            int written = 0;
            for (Buffer buffer : chain.buffers()) {
                int part = Math.min(buffer.length(), answer.length - written);
                if (buffer.writable() && part > 0) {
                    memory.write(buffer.address(), answer, written, part);
                    written += part;
                }
            }
            queue.use(chain, written);
            queue.publish();
            commands++;
        }
    }

    private byte[] command(Chain chain) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (Buffer buffer : chain.buffers()) {
            if (!buffer.writable()) {
                all.writeBytes(memory.read(buffer.address(), Math.clamp(buffer.length(), 0, MOST)));
            }
        }
        return all.toByteArray();
    }

    private byte[] answer(byte[] command) {
        if (command.length < 2) {
            return REFUSED;
        }
        int number = command[1] & 0xff;
        ByteBuffer data =
                ByteBuffer.wrap(command, 2, command.length - 2).slice().order(ByteOrder.LITTLE_ENDIAN);
        return switch (command[0]) {
            case Control.RX -> mode(number, data);
            case Control.MAC -> mac(number, data);
            case Control.VLAN -> vlan(number, data);
            case Control.MQ -> number == Control.MQ_HASH_CONFIG && hash.configure(data) ? DONE : unknown();
            case COALESCING -> coalesce(number, data);
            default -> unknown();
        };
    }

    private byte[] unknown() {
        return fault == Fault.UNKNOWN_COMMAND ? DONE : REFUSED;
    }

    private byte[] mode(int number, ByteBuffer data) {
        if (number >= modes.length) {
            return unknown();
        }
        if (data.remaining() != 1) {
            return fault == Fault.MODE_WITHOUT_VALUE ? DONE : REFUSED;
        }
        if (fault == Fault.EXTRA_REFUSED && number > Control.RX_ALLMULTI) {
            return REFUSED;
        }
        modes[number] = data.get() != 0 && !(fault == Fault.UNICAST_COMES && number == Control.RX_NOUNI);
        return DONE;
    }

    private byte[] mac(int number, ByteBuffer data) {
        if (number == Control.MAC_ADDR_SET) {
            if (data.remaining() != MAC_BYTES) {
                return fault == Fault.SHORT_ADDRESS ? DONE : REFUSED;
            }
            address = address(data);
            return DONE;
        }
        return number == Control.MAC_TABLE_SET ? table(data) : unknown();
    }

    private static String address(ByteBuffer data) {
        byte[] bytes = new byte[MAC_BYTES];
        data.get(bytes);
        return HEX.formatHex(bytes);
    }

    /** Two tables, each with the number of its addresses. */
    private byte[] table(ByteBuffer data) {
        Set<String> all = new TreeSet<>();
        for (int part = 0; part < 2; part++) {
            int count = data.remaining() < Integer.BYTES ? -1 : data.getInt();
            if (count < 0 || count > data.remaining() / MAC_BYTES) {
                return fault == Fault.TABLE_CUT ? DONE : REFUSED;
            }
            for (int i = 0; i < count; i++) {
                all.add(address(data));
            }
        }
        table.clear();
        if (fault != Fault.TABLE_UNUSED) {
            table.addAll(all);
        }
        return DONE;
    }

    private byte[] vlan(int number, ByteBuffer data) {
        if (number > Control.VLAN_DEL) {
            return unknown();
        }
        int id = data.remaining() == Short.BYTES ? data.getShort() & 0xffff : VLANS;
        if (id >= VLANS) {
            return REFUSED;
        }
        vlan = id;
        return DONE;
    }

    private byte[] coalesce(int number, ByteBuffer data) {
        return switch (number) {
            case COALESCE_TRANSMIT, COALESCE_RECEIVE -> coalesceAll(number == COALESCE_RECEIVE ? 0 : 1, data);
            case COALESCE_SET, COALESCE_GET -> coalesceOne(number == COALESCE_SET, data);
            default -> unknown();
        };
    }

    private byte[] coalesceAll(int queue, ByteBuffer data) {
        if (data.remaining() != COALESCE_BYTES) {
            return REFUSED;
        }
        byte[] values = new byte[COALESCE_BYTES];
        data.get(values);
        coalesce(queue, values);
        return DONE;
    }

    private byte[] coalesceOne(boolean sets, ByteBuffer data) {
        int wanted = sets ? Integer.BYTES + COALESCE_BYTES : Integer.BYTES;
        int queue = data.remaining() == wanted ? data.getShort() & 0xffff : -1;
        if (queue < 0 || queue >= coalescing.length) {
            return fault == Fault.COALESCE_ANY ? DONE : REFUSED;
        }
        data.getShort();
        if (!sets) {
            byte[] answer = new byte[1 + COALESCE_BYTES];
            System.arraycopy(coalescing[queue], 0, answer, 1, COALESCE_BYTES);
            return answer;
        }
        return fault == Fault.COALESCE_FORGOTTEN ? DONE : coalesceAll(queue, data);
    }

    /** Interrupts may come earlier than a driver allows, which is what this back-end does; with a fault they wait for frames. */
    private void coalesce(int queue, byte[] values) {
        coalescing[queue] = values;
        int packets = ByteBuffer.wrap(values).order(ByteOrder.LITTLE_ENDIAN).getInt();
        queues.get(queue).holdInterrupts(fault == Fault.COALESCE_HOLDS && queue == 0 ? packets : 0);
    }

    /** Whether the filters let a frame in. */
    boolean takes(byte[] frame) {
        boolean group = (frame[0] & 1) != 0;
        String destination = HEX.formatHex(frame, 0, MAC_BYTES);
        boolean broadcast = destination.equals("ffffffffffff");
        int type = (frame[12] & 0xff) << 8 | (frame[13] & 0xff);
        if (fault == Fault.VLAN_LAST && vlan != 0 && type == VLAN_TYPE && (frame[15] & 0xff) != vlan) {
            return false;
        }
        if (modes[group ? broadcast ? Control.RX_NOBCAST : Control.RX_NOMULTI : Control.RX_NOUNI]) {
            return false;
        }
        return modes[Control.RX_PROMISC]
                || broadcast
                || modes[group ? Control.RX_ALLMULTI : Control.RX_ALLUNI]
                || destination.equals(address)
                || table.contains(destination);
    }
}
