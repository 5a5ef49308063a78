// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.vhost4j.device.frame.MacAddress;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.vhostuser.session.RefusedException;

/**
 * The state of a device that migrates with its guest (vhost-user protocol, "Migrating back-end state").
 *
 * <p>The encoding, little-endian, is: the magic number; le32 version; le32 total length; records; le32 CRC-32 of all preceding bytes. A
 * record consists of le16 kind, le16 zero, le32 length, and that number of bytes. A reader skips a record of an unknown kind if the kind is
 * at least {@value #OPTIONAL}, and otherwise refuses the state.
 *
 * @param promise description of the machine and platform that determine the features, in one line; empty when unknown
 * @param abi fingerprint of the properties that the guest sees; empty when unknown
 * @param stations MAC addresses of stations behind the guest's port, 48 bits each
 * @param counters counters of the device, without those that are 0
 * @param settings commands of the control queue that restore the driver's settings in another device; at most {@value
 *     #MOST_SETTINGS} bytes in all
 */
record MovedState(String promise, String abi, List<Long> stations, Map<Counter, Long> counters, List<byte[]> settings) {
    /** Maximum size of a state in bytes: the capacity of a pipe of the default size. */
    static final int MOST_BYTES = 1 << 16;

    static final int VERSION = 1;
    static final long MAGIC = 0x3165_7461_7473_6a34L;

    /** The lowest kind that a reader may skip if it does not know the kind. */
    static final int OPTIONAL = 0x8000;

    private static final int HEADER_BYTES = 16;
    private static final int RECORD_BYTES = 8;
    private static final int CHECKSUM_BYTES = 4;
    private static final int MAC_BYTES = 6;

    private static final int PROMISE = 1;
    private static final int ABI = 2;
    private static final int STATIONS = 3;
    /**
     * Kind of the settings record: for each command le16 length, class, command, data. Written only if there are settings, because a reader
     * that does not know this kind refuses the state.
     */
    private static final int SETTINGS = 4;
    /** Kind of the counters record: for each counter one byte with the length of the name, the name, and the le64 value. */
    private static final int COUNTERS = OPTIONAL;

    private static final int MOST_TEXT = 1024;
    private static final int MOST_SETTINGS = 1 << 15;
    private static final int LEAST_COMMAND = 2;

    /** Copies the collections. */
    MovedState {
        stations = List.copyOf(stations);
        counters = Map.copyOf(counters);
        settings = List.copyOf(settings);
        if (promise.length() > MOST_TEXT || abi.length() > MOST_TEXT || stations.size() > Announcer.MOST) {
            throw new IllegalArgumentException("a state has texts of up to " + MOST_TEXT + " characters and up to "
                    + Announcer.MOST + " addresses");
        }
    }

    /** Returns the encoded state. */
    byte[] bytes() {
        ByteBuffer to = ByteBuffer.allocate(MOST_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        to.putLong(MAGIC).putInt(VERSION).putInt(0);
        record(to, PROMISE, promise.getBytes(StandardCharsets.UTF_8));
        record(to, ABI, abi.getBytes(StandardCharsets.UTF_8));
        ByteBuffer addresses = ByteBuffer.allocate(stations.size() * MAC_BYTES);
        stations.forEach(mac -> addresses.putShort((short) (mac >>> 32)).putInt(mac.intValue()));
        record(to, STATIONS, addresses.array());
        if (!settings.isEmpty()) {
            record(to, SETTINGS, settingBytes());
        }
        record(to, COUNTERS, counterBytes());
        to.putInt(HEADER_BYTES - Integer.BYTES, to.position() + CHECKSUM_BYTES);
        to.putInt(checksum(to.array(), to.position()));
        return Arrays.copyOf(to.array(), to.position());
    }

    private static void record(ByteBuffer to, int kind, byte[] bytes) {
        to.putShort((short) kind).putShort((short) 0).putInt(bytes.length).put(bytes);
    }

    private byte[] settingBytes() {
        ByteBuffer to = ByteBuffer.allocate(MOST_SETTINGS).order(ByteOrder.LITTLE_ENDIAN);
        settings.forEach(command -> to.putShort((short) command.length).put(command));
        return Arrays.copyOf(to.array(), to.position());
    }

    private byte[] counterBytes() {
        ByteBuffer to = ByteBuffer.allocate(MOST_BYTES / 4).order(ByteOrder.LITTLE_ENDIAN);
        for (Counter counter : Counter.values()) {
            Long value = counters.get(counter);
            if (value != null) {
                byte[] name = counter.name().getBytes(StandardCharsets.US_ASCII);
                to.put((byte) name.length).put(name).putLong(value);
            }
        }
        return Arrays.copyOf(to.array(), to.position());
    }

    private static int checksum(byte[] of, int bytes) {
        CRC32 crc = new CRC32();
        crc.update(of, 0, bytes);
        return (int) crc.getValue();
    }

    /**
     * Reads a state.
     *
     * @throws RefusedException when the bytes are not a state, are damaged, or have an unknown version
     */
    static MovedState parse(byte[] bytes) throws RefusedException {
        ByteBuffer from = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.length < HEADER_BYTES) {
            throw new RefusedException(
                    "the device's state ends after " + bytes.length + " bytes: its header has " + HEADER_BYTES);
        }
        if (from.getLong() != MAGIC) {
            throw new RefusedException("the device's state is not one of this kind of back-end");
        }
        int version = from.getInt();
        if (version != VERSION) {
            throw new RefusedException("the device's state has version " + Integer.toUnsignedString(version)
                    + ", and this back-end knows version " + VERSION);
        }
        int length = from.getInt();
        if (length != bytes.length) {
            throw new RefusedException("the device's state has " + bytes.length + " bytes, and says that it has "
                    + Integer.toUnsignedString(length));
        }
        int end = length - CHECKSUM_BYTES;
        if (end < HEADER_BYTES || from.getInt(end) != checksum(bytes, end)) {
            throw new RefusedException("the device's state is damaged: its checksum is wrong");
        }
        from.limit(end);
        return new Reader().read(from);
    }

    /** Reads the records and collects their values. */
    private static final class Reader {
        private String promise = "";
        private String abi = "";
        private List<Long> stations = List.of();
        private Map<Counter, Long> counters = Map.of();
        private List<byte[]> settings = List.of();

        MovedState read(ByteBuffer from) throws RefusedException {
            while (from.hasRemaining()) {
                if (from.remaining() < RECORD_BYTES) {
                    throw malformed("ends inside a record's header");
                }
                int kind = Short.toUnsignedInt(from.getShort());
                from.getShort();
                int length = from.getInt();
                if (length < 0 || length > from.remaining()) {
                    throw malformed("has a record of " + Integer.toUnsignedString(length) + " bytes where "
                            + from.remaining() + " are left");
                }
                ByteBuffer content = from.slice(from.position(), length).order(ByteOrder.LITTLE_ENDIAN);
                from.position(from.position() + length);
                take(kind, content);
            }
            return new MovedState(promise, abi, stations, counters, settings);
        }

        private void take(int kind, ByteBuffer content) throws RefusedException {
            switch (kind) {
                case PROMISE -> promise = text("promise", content);
                case ABI -> abi = text("ABI", content);
                case STATIONS -> stations = addresses(content);
                case SETTINGS -> settings = commands(content);
                case COUNTERS -> counters = counts(content);
                default -> {
                    if (kind < OPTIONAL) {
                        throw malformed("has a record of kind " + kind + ", which this back-end does not know");
                    }
                }
            }
        }

        private static String text(String what, ByteBuffer content) throws RefusedException {
            try {
                String text =
                        StandardCharsets.UTF_8.newDecoder().decode(content).toString();
                if (text.length() <= MOST_TEXT && text.chars().noneMatch(Character::isISOControl)) {
                    return text;
                }
            } catch (CharacterCodingException e) {
                // Reported below.
            }
            throw malformed("has no text of one line as its " + what);
        }

        private static List<Long> addresses(ByteBuffer content) throws RefusedException {
            if (content.remaining() % MAC_BYTES != 0 || content.remaining() > Announcer.MOST * MAC_BYTES) {
                throw malformed("has " + content.remaining() + " bytes of addresses, which is not up to "
                        + Announcer.MOST + " times " + MAC_BYTES);
            }
            content.order(ByteOrder.BIG_ENDIAN);
            List<Long> all = new ArrayList<>();
            while (content.hasRemaining()) {
                long mac =
                        (long) Short.toUnsignedInt(content.getShort()) << 32 | Integer.toUnsignedLong(content.getInt());
                if (mac == 0 || MacAddress.isGroup(mac)) {
                    throw malformed("has " + MacAddress.text(mac) + ", which is not a unicast MAC address");
                }
                all.add(mac);
            }
            return all;
        }

        private static List<byte[]> commands(ByteBuffer content) throws RefusedException {
            if (content.remaining() > MOST_SETTINGS) {
                throw malformed("has " + content.remaining() + " bytes of settings, more than " + MOST_SETTINGS);
            }
            List<byte[]> all = new ArrayList<>();
            while (content.hasRemaining()) {
                int length = content.remaining() < Short.BYTES ? 0 : Short.toUnsignedInt(content.getShort());
                if (length < LEAST_COMMAND || length > content.remaining()) {
                    throw malformed("has an incomplete setting");
                }
                byte[] command = new byte[length];
                content.get(command);
                all.add(command);
            }
            return all;
        }

        /** Reads counters; ignores counters that this version does not have. */
        private static Map<Counter, Long> counts(ByteBuffer content) throws RefusedException {
            Map<String, Counter> known =
                    Stream.of(Counter.values()).collect(Collectors.toMap(Counter::name, counter -> counter));
            Map<Counter, Long> counts = new EnumMap<>(Counter.class);
            while (content.hasRemaining()) {
                byte[] name = new byte[Byte.toUnsignedInt(content.get())];
                if (content.remaining() < name.length + Long.BYTES) {
                    throw malformed("ends inside a counter");
                }
                content.get(name);
                long value = content.getLong();
                Counter counter = known.get(new String(name, StandardCharsets.US_ASCII));
                if (value < 0) {
                    throw malformed("has a counter that is negative");
                }
                if (counter != null && value != 0) {
                    counts.put(counter, value);
                }
            }
            return counts;
        }

        private static RefusedException malformed(String how) {
            return new RefusedException("the device's state " + how);
        }
    }
}
