// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class DescriptorLimitTest {
    @Test
    void everyRingOfEveryGuestCounts() {
        assertThat(DescriptorLimit.needed(1, 1, 1)).isEqualTo(20 + 4 + 5 + 9);
        assertThat(DescriptorLimit.needed(10, 127, 4)).isEqualTo(20 + 16 + 10 * (5 + 3 * 255));
    }

    @Test
    void theSoftLimitIsTheOneThatCounts() {
        String head = "Limit                     Soft Limit           Hard Limit           Units     ";
        assertThat(DescriptorLimit.limit(List.of(
                        head, "Max open files            1024                 1048576              files     ")))
                .hasValue(1024);
        assertThat(DescriptorLimit.limit(List.of(
                        head, "Max open files            unlimited            unlimited            files     ")))
                .isEmpty();
        assertThat(DescriptorLimit.limit(List.of(head))).isEmpty();
    }
}
