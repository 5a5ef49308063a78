// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.steering;

import java.util.Arrays;
import java.util.Optional;
import org.vhost4j.device.memory.LittleEndian;

/**
 * The configuration of receive-side scaling, or of hash reports only, in a driver's control command (virtio 1.4
 * sections 5.1.6.5.7 and 5.1.6.5.6.4), little-endian:
 *
 * <pre>
 * RSS                                     HASH
 *   le32 hash_types                         le32 hash_types
 *   le16 indirection_table_mask             le16 reserved[4]
 *   le16 unclassified_queue
 *   le16 indirection_table[mask + 1]
 *   le16 max_tx_vq
 *   u8   hash_key_length                    u8   hash_key_length
 *   u8   hash_key_data[]                    u8   hash_key_data[]
 * </pre>
 *
 * Accessors return the numbers of queue pairs, not those of queues.
 */
public final class RssConfig {
    /** The maximum length of an indirection table: {@code rss_max_indirection_table_length} of the config space. */
    public static final int MAX_TABLE = 128;

    private final int types;
    private final byte[] key;
    private final int unclassified;
    private final int[] table;

    private RssConfig(int types, byte[] key, int unclassified, int[] table) {
        this.types = types;
        this.key = key;
        this.unclassified = unclassified;
        this.table = table;
    }

    /** Returns the hash types, a mask of {@link HashTypes}. */
    int types() {
        return types;
    }

    /** Returns the key, at most {@link Toeplitz#KEY_BYTES} bytes. */
    byte[] key() {
        return key;
    }

    /** Returns the pair that receives frames without a hash. */
    int unclassified() {
        return unclassified;
    }

    /**
     * Returns the indirection table: the pair for each value of the lowest bits of the hash. Its length is a power of
     * two; it is empty without RSS.
     */
    int[] table() {
        return table;
    }

    /**
     * Reads an MQ_RSS_CONFIG command, whose data follow class and command. Returns nothing when a value is not allowed
     * or the length is wrong.
     */
    public static Optional<RssConfig> rss(byte[] command, int maxPairs) {
        Fields fields = new Fields(command);
        long types = fields.next(4);
        int mask = (int) fields.next(2);
        int unclassified = (int) fields.next(2);
        if (!fields.whole() || Integer.bitCount(mask + 1) != 1 || mask >= MAX_TABLE || unclassified >= maxPairs) {
            return Optional.empty();
        }
        int[] table = new int[mask + 1];
        for (int i = 0; i <= mask; i++) {
            table[i] = (int) fields.next(2);
            if (table[i] >= maxPairs) {
                return Optional.empty();
            }
        }
        int senders = (int) fields.next(2);
        return senders < 1 || senders > maxPairs
                ? Optional.empty()
                : fields.key(types).map(key -> new RssConfig((int) types, key, unclassified, table));
    }

    /**
     * Reads an MQ_HASH_CONFIG command, whose data follow class and command. Returns nothing when a value is not allowed
     * or the length is wrong.
     */
    public static Optional<RssConfig> hash(byte[] command) {
        Fields fields = new Fields(command);
        long types = fields.next(4);
        fields.next(8);
        return fields.key(types).map(key -> new RssConfig((int) types, key, 0, new int[0]));
    }

    /** Reads the fields of a command in order; an absent field is read as -1. */
    private static final class Fields {
        private final byte[] command;
        private int at = 2;

        Fields(byte[] command) {
            this.command = command;
        }

        long next(int bytes) {
            long value = at + bytes > command.length ? -1 : LittleEndian.read(command, at, bytes);
            at += bytes;
            return value;
        }

        boolean whole() {
            return at <= command.length;
        }

        /** Returns the key at the end of the command. */
        Optional<byte[]> key(long types) {
            int length = (int) next(1);
            boolean good = whole()
                    && (types & ~HashTypes.ALL) == 0
                    && length <= Toeplitz.KEY_BYTES
                    && at + length == command.length;
            return good ? Optional.of(Arrays.copyOfRange(command, at, command.length)) : Optional.empty();
        }
    }
}
