// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Compares the translations with a simple table that has one entry for each page. */
class TranslationsTest {
    private static final int PAGES = 64;
    private static final long HOST = 0x10_0000_0000L;

    private final Translations translations = new Translations();
    private final GuestMemory readable = translations.memory();
    private final GuestMemory writable = readable.forWriting();

    @Test
    void everyPageLeadsWhereItsLastUpdateSaid() {
        SplittableRandom random = new SplittableRandom(7);
        // Addresses around the sign bit, where a signed comparison would be wrong.
        long base = Long.MIN_VALUE - PAGES / 2;
        long[] read = new long[PAGES];
        long[] write = new long[PAGES];
        for (int step = 0; step < 20_000; step++) {
            int first = random.nextInt(PAGES);
            int count = 1 + random.nextInt(Math.min(8, PAGES - first));
            boolean withdraw = random.nextInt(3) == 0;
            if (withdraw) {
                translations.invalidate(base + first, count);
                // A range is invalidated as a whole even if only a part of it overlaps: at least the requested pages
                // are invalid.
                for (int page = 0; page < PAGES; page++) {
                    boolean gone = page >= first && page < first + count;
                    if (gone) {
                        read[page] = 0;
                        write[page] = 0;
                    } else {
                        read[page] = readable.translate(base + page, 1) == 0 ? 0 : read[page];
                        write[page] = writable.translate(base + page, 1) == 0 ? 0 : write[page];
                    }
                }
            } else {
                long host = HOST + random.nextInt(1 << 20);
                int permission = 1 + random.nextInt(3);
                translations.update(base + first, count, host, (permission & 1) != 0, (permission & 2) != 0);
                for (int page = 0; page < PAGES; page++) {
                    if (page >= first && page < first + count) {
                        read[page] = (permission & 1) != 0 ? host + page - first : 0;
                        write[page] = (permission & 2) != 0 ? host + page - first : 0;
                    } else {
                        read[page] = readable.translate(base + page, 1) == 0 ? 0 : read[page];
                        write[page] = writable.translate(base + page, 1) == 0 ? 0 : write[page];
                    }
                }
            }
            for (int page = 0; page < PAGES; page++) {
                assertThat(readable.translate(base + page, 1)).isEqualTo(read[page]);
                assertThat(writable.translate(base + page, 1)).isEqualTo(write[page]);
            }
        }
        assertThat(Arrays.stream(read).anyMatch(host -> host != 0)).isTrue();
    }

    @Test
    void neighboursThatFollowEachOtherAreOneRange() {
        translations.update(0x1000, 0x1000, HOST, true, true);
        translations.update(0x3000, 0x1000, HOST + 0x2000, true, false);
        assertThat(readable.translate(0x1800, 0x2000)).isZero();
        translations.update(0x2000, 0x1000, HOST + 0x1000, true, true);
        assertThat(readable.translate(0x1800, 0x2000)).isEqualTo(HOST + 0x800);
        assertThat(readable.contiguous(0x1800)).isEqualTo(0x2800);
        assertThat(writable.translate(0x1800, 0x2000)).isZero();
        assertThat(writable.contiguous(0x1800)).isEqualTo(0x1800);
        assertThat(readable.translate(0x1000, 0x3001)).isZero();
    }

    @Test
    void theOldestMakesRoom() {
        for (int i = 0; i <= Translations.MAX_RANGES; i++) {
            translations.update(2L * i, 1, HOST + i, true, true);
        }
        assertThat(translations.size()).isEqualTo(Translations.MAX_RANGES);
        assertThat(readable.translate(0, 1)).isZero();
        assertThat(readable.translate(2, 1)).isEqualTo(HOST + 1);
        translations.clear();
        assertThat(readable.translate(2, 1)).isZero();
        assertThat(readable.isTranslated()).isTrue();
    }
}
