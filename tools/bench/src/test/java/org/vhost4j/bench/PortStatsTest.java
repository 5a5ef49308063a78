// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class PortStatsTest {
    private static final String ANSWER = """
            show port stats 0

              ######################## NIC statistics for port 0  ########################
              RX-packets: 17         RX-missed: 2          RX-bytes:  1088
              RX-errors: 0
              RX-nombuf:  0
              TX-packets: 281440     TX-errors: 0          TX-bytes:  18012160

              Throughput (since last show)
              Rx-pps:            3          Rx-bps:            0
              Tx-pps:       235709          Tx-bps:    120683016
              ############################################################################
            testpmd>\s""";

    @Test
    void figuresAreFound() {
        assertThat(PortStats.parse(ANSWER)).isEqualTo(new PortStats(17, 281440, 3, 235709));
    }

    @Test
    void portsAreAddedUp() {
        assertThat(PortStats.parse(ANSWER + ANSWER)).isEqualTo(new PortStats(34, 562880, 6, 471418));
    }

    @Test
    void anAnswerWithoutAFigureIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PortStats.parse("Invalid port 0"))
                .withMessage("dpdk-testpmd's port statistics do not contain RX-packets");
    }
}
