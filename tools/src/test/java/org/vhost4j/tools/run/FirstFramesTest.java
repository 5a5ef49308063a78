// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class FirstFramesTest {
    @Test
    void allArriveOverBothKindsOfRing() {
        assertThat(FirstFrames.move()).isEqualTo(8);
    }
}
