// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Changes inputs at random, the same way for the same seed. */
final class Mutations {
    private static final int MOST_BYTES = 4096;
    private static final long[] WORDS = {0, 1, -1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffffL, 0x8000_0000L
    };

    private final SplittableRandom random;

    Mutations(long seed) {
        random = new SplittableRandom(seed);
    }

    /** One of these with one to eight changes. */
    byte[] next(List<byte[]> inputs) {
        byte[] bytes = inputs.get(random.nextInt(inputs.size())).clone();
        for (int changes = 1 << random.nextInt(4); changes > 0; changes--) {
            bytes = changed(bytes, inputs);
        }
        return bytes;
    }

    private byte[] changed(byte[] bytes, List<byte[]> inputs) {
        if (bytes.length == 0) {
            return new byte[] {(byte) random.nextInt()};
        }
        int at = random.nextInt(bytes.length);
        switch (random.nextInt(7)) {
            case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> bytes[at] = (byte) random.nextInt();
            case 2 -> {
                long word = WORDS[random.nextInt(WORDS.length)];
                int width = 1 << random.nextInt(4);
                for (int i = 0; i < width && at + i < bytes.length; i++) {
                    bytes[at + i] = (byte) (word >>> (8 * i));
                }
            }
            case 3 -> {
                return without(bytes, at, 1 + random.nextInt(8));
            }
            case 4 -> {
                return with(
                        bytes, at, Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + 1 + random.nextInt(16))));
            }
            case 5 -> {
                byte[] other = inputs.get(random.nextInt(inputs.size()));
                int from = other.length == 0 ? 0 : random.nextInt(other.length);
                return with(
                        bytes, at, Arrays.copyOfRange(other, from, Math.min(other.length, from + random.nextInt(64))));
            }
            default -> bytes[at] += (byte) (random.nextInt(17) - 8);
        }
        return bytes;
    }

    private static byte[] without(byte[] bytes, int at, int count) {
        int end = Math.min(bytes.length, at + count);
        byte[] shorter = Arrays.copyOf(bytes, bytes.length - (end - at));
        System.arraycopy(bytes, end, shorter, at, bytes.length - end);
        return shorter;
    }

    private static byte[] with(byte[] bytes, int at, byte[] more) {
        if (bytes.length + more.length > MOST_BYTES) {
            return bytes;
        }
        byte[] longer = Arrays.copyOf(bytes, bytes.length + more.length);
        System.arraycopy(more, 0, longer, at, more.length);
        System.arraycopy(bytes, at, longer, at + more.length, bytes.length - at);
        return longer;
    }
}
