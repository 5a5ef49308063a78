// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.vhostuser.session.RefusedException;

class MovedStateTest {
    private static final MovedState STATE = new MovedState(
            "machine a, platform b",
            "vnet1-1-q1-s1024-m0-c12-00000000",
            List.of(0x5254_0012_3456L, 0xfe00_0000_0001L),
            Map.of(Counter.TX_FRAMES, 17L, Counter.RX_BYTES, Long.MAX_VALUE),
            List.of());

    private static MovedState random(Random random) {
        List<Long> stations = new ArrayList<>();
        for (int i = random.nextInt(Announcer.MOST + 1); i > 0; i--) {
            stations.add(1 + (random.nextLong() & 0xfeff_ffff_fffeL));
        }
        Map<Counter, Long> counters = new EnumMap<>(Counter.class);
        for (Counter counter : Counter.values()) {
            if (random.nextBoolean()) {
                counters.put(counter, 1 + random.nextLong(Long.MAX_VALUE));
            }
        }
        List<byte[]> settings = new ArrayList<>();
        for (int i = random.nextInt(80); i > 0; i--) {
            byte[] command = new byte[2 + random.nextInt(400)];
            random.nextBytes(command);
            settings.add(command);
        }
        return new MovedState(text(random), text(random), stations, counters, settings);
    }

    private static void assertSame(MovedState one, MovedState other) {
        assertThat(one).usingRecursiveComparison().isEqualTo(other);
    }

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(1025); i > 0; i--) {
            text.append("aZ9 -,\u00e9\u4e2d".charAt(random.nextInt(8)));
        }
        return text.toString();
    }

    /** The checksum made right again, so that something else is found wrong. */
    private static byte[] sealed(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putInt(12, bytes.length);
        CRC32 crc = new CRC32();
        crc.update(bytes, 0, bytes.length - 4);
        buffer.putInt(bytes.length - 4, (int) crc.getValue());
        return bytes;
    }

    private static byte[] withRecord(int kind, byte... content) {
        byte[] all = STATE.bytes();
        ByteBuffer longer = ByteBuffer.allocate(all.length + 8 + content.length).order(ByteOrder.LITTLE_ENDIAN);
        longer.put(all, 0, all.length - 4)
                .putShort((short) kind)
                .putShort((short) 0)
                .putInt(content.length);
        longer.put(content);
        return sealed(longer.array());
    }

    private static void assertRefused(byte[] bytes, String reason) {
        assertThatThrownBy(() -> MovedState.parse(bytes))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining(reason)
                .message()
                .doesNotContain("\n");
    }

    @Test
    void theBytesAreTheseOnEveryHost() throws RefusedException {
        byte[] bytes = STATE.bytes();
        assertThat(Arrays.copyOf(bytes, 12)).containsExactly('4', 'j', 's', 't', 'a', 't', 'e', '1', 1, 0, 0, 0);
        assertThat(bytes.length).isEqualTo(16 + 8 + 21 + 8 + 32 + 8 + 12 + 8 + 2 * 9 + 9 + 8 + 4);
        assertSame(MovedState.parse(bytes), STATE);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void whatIsWrittenIsRead(long seed) throws RefusedException {
        Random random = new Random(seed);
        for (int i = 0; i < 50; i++) {
            MovedState state = random(random);
            byte[] bytes = state.bytes();
            assertThat(bytes.length).isLessThanOrEqualTo(MovedState.MOST_BYTES);
            assertSame(MovedState.parse(bytes), state);
        }
    }

    @Test
    void settingsAreWrittenWhenThereAreSome() throws RefusedException {
        MovedState state = new MovedState(
                STATE.promise(),
                STATE.abi(),
                STATE.stations(),
                STATE.counters(),
                List.of(new byte[] {0, 1, 1}, new byte[] {2, 0, 5, 1}));
        byte[] bytes = state.bytes();
        assertThat(bytes.length).isEqualTo(STATE.bytes().length + 8 + 2 + 3 + 2 + 4);
        assertSame(MovedState.parse(bytes), state);
        assertRefused(withRecord(4, (byte) 3, (byte) 0, (byte) 0, (byte) 1), "has an incomplete setting");
        assertRefused(withRecord(4, (byte) 1, (byte) 0, (byte) 0), "has an incomplete setting");
        assertRefused(withRecord(4, (byte) 1), "has an incomplete setting");
        assertRefused(withRecord(4, new byte[32769]), "has 32769 bytes of settings, more than 32768");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void noDamageGoesUnseenAndNoneIsAnExceptionOfAnotherKind(long seed) {
        Random random = new Random(seed);
        byte[] whole = STATE.bytes();
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> MovedState.parse(cut)).isInstanceOf(RefusedException.class);
        }
        for (int i = 0; i < 8 * whole.length; i++) {
            byte[] damaged = whole.clone();
            damaged[i / 8] ^= (byte) (1 << i % 8);
            assertThatThrownBy(() -> MovedState.parse(damaged)).isInstanceOf(RefusedException.class);
        }
        for (int i = 0; i < 3000; i++) {
            // With a checksum that is right: by a hostile source.
            byte[] hostile = whole.clone();
            for (int n = 1 + random.nextInt(4); n > 0; n--) {
                hostile[16 + random.nextInt(hostile.length - 20)] = (byte) random.nextInt();
            }
            sealed(hostile);
            try {
                assertThat(MovedState.parse(hostile).stations()).hasSizeLessThanOrEqualTo(Announcer.MOST);
            } catch (RefusedException e) {
                assertThat(e.reason()).isNotBlank().doesNotContain("\n");
            }
        }
    }

    @Test
    void eachDamageHasItsReason() {
        byte[] whole = STATE.bytes();
        assertRefused(new byte[0], "ends after 0 bytes");
        assertRefused(new byte[100], "not one of this kind of back-end");
        assertRefused(Arrays.copyOf(whole, whole.length - 1), "and says that it has " + whole.length);
        byte[] flipped = whole.clone();
        flipped[20] ^= 1;
        assertRefused(flipped, "its checksum is wrong");
        byte[] next = whole.clone();
        next[8] = 2;
        assertRefused(sealed(next), "has version 2, and this back-end knows version 1");
        byte[] huge = whole.clone();
        huge[20] = -1;
        huge[23] = -1;
        assertRefused(sealed(huge), "has a record of");
    }

    @Test
    void whatIsNotKnownIsSkippedOnlyWhenItMayBe() throws RefusedException {
        assertThat(MovedState.parse(withRecord(0x9000, (byte) 1, (byte) 2))).isEqualTo(STATE);
        assertRefused(withRecord(9, (byte) 1), "a record of kind 9, which this back-end does not know");
    }

    @Test
    void whatARecordHoldsIsChecked() throws RefusedException {
        assertRefused(withRecord(1, (byte) '\n'), "no text of one line as its promise");
        assertRefused(withRecord(2, (byte) 0xff), "no text of one line as its ABI");
        assertRefused(withRecord(3, (byte) 2), "1 bytes of addresses");
        assertRefused(withRecord(3, new byte[6 * (Announcer.MOST + 1)]), "1542 bytes of addresses");
        assertRefused(withRecord(3, new byte[6]), "00:00:00:00:00:00, which is not a unicast MAC address");
        assertRefused(withRecord(0x8000, (byte) 200), "ends inside a counter");
        byte[] negative = new byte[10];
        negative[0] = 1;
        negative[9] = -1;
        assertRefused(withRecord(0x8000, negative), "a counter that is negative");
        byte[] other = new byte[10];
        other[0] = 1;
        other[1] = 'X';
        assertThat(MovedState.parse(withRecord(0x8000, other)).counters())
                .as("a counter of another version")
                .isEmpty();
    }
}
