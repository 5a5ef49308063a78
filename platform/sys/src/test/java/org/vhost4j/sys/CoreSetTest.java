// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests lists of cores in the kernel's format, and affinity masks. */
class CoreSetTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"0|0", "0,2-5|0,2-5", "5,3,4|3-5", "1-1|1", "0,0|0", "8191|8191", "0-8191|0-8191"})
    void readsAndWritesTheKernelsFormat(String list, String written) {
        assertThat(CoreSet.parse(list)).hasToString(written).isEqualTo(CoreSet.parse(written));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ",", "1,", "-1", "1-", "a", "1-2-3", "8192", "99999999999", " 1", "+1", "١"})
    void whatIsNoListIsNamed(String list) {
        assertThatThrownBy(() -> CoreSet.parse(list))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is no core and no range of cores, such as 0,2-5");
    }

    @Test
    void aRangeThatEndsBeforeItBegins() {
        assertThatThrownBy(() -> CoreSet.parse("0,5-3"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("'5-3' ends before it begins");
    }

    @Test
    void aMaskHasABitForEachCore() {
        byte[] mask = CoreSet.parse("0,9,8191").mask();
        assertThat(mask).hasSize(1024).startsWith(1, 2, 0);
        assertThat(mask[1023]).isEqualTo((byte) 0x80);
        assertThat(CoreSet.ofMask(mask)).hasToString("0,9,8191");
    }

    @Test
    void setsWithoutAndWithOthers() {
        CoreSet set = CoreSet.parse("1-4");
        assertThat(set.without(CoreSet.parse("2,9"))).hasToString("1,3-4");
        assertThat(set.and(CoreSet.parse("0-2"))).hasToString("1-2");
        assertThat(set.without(set).isEmpty()).isTrue();
        assertThat(set.size()).isEqualTo(4);
        assertThat(set.get(3)).isEqualTo(4);
        assertThat(set.contains(5)).isFalse();
        assertThat(CoreSet.of(IntStream.of(4, 2))).containsExactly(2, 4);
    }
}
