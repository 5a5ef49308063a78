// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class DemoExchangesTest {
    private final DemoExchanges exchanges = new DemoExchanges(1, 1, said -> {});

    private static Supplier<DemoTable.Row> step(String what) {
        return () -> new DemoTable.Row(what, "done", true);
    }

    @Test
    void anInterruptionLeavesWhatWasExchanged() {
        exchanges.run(
                List.of(step("first"), step("second"), step("third")),
                () -> exchanges.rows().size() == 2);
        assertThat(exchanges.rows()).extracting(DemoTable.Row::what).containsExactly("first", "second");
        assertThat(exchanges.complete()).isFalse();
    }

    @Test
    void withoutOneAllIsExchanged() {
        exchanges.run(List.of(step("first"), step("second")), () -> false);
        assertThat(exchanges.rows()).hasSize(2);
        assertThat(exchanges.complete()).isTrue();
    }
}
