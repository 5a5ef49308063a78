// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class AxisTest {
    @Test
    void valuesAreInProportion() {
        Axis axis = new Axis(0, 10, 100, 200, false);
        assertThat(axis.at(2.5)).isEqualTo(125);
        assertThat(axis.ticks()).containsExactly(0.0, 2.0, 4.0, 6.0, 8.0, 10.0);
    }

    @Test
    void decadesAreOfTheSameLength() {
        Axis axis = Axis.decades(0.3, 45, 0, 300);
        assertThat(axis.ticks()).hasSize(4).first().isEqualTo(0.1);
        assertThat(axis.at(1)).isCloseTo(100, within(1e-9));
        assertThat(axis.at(10)).isCloseTo(200, within(1e-9));
    }

    @Test
    void oneValueAloneHasAnAxis() {
        assertThat(Axis.decades(10, 10, 0, 1).to()).isEqualTo(100);
        assertThat(Axis.fromZero(0, 0, 1).ticks()).isNotEmpty();
    }

    @Test
    void labelsAreShort() {
        assertThat(Axis.label(32768)).isEqualTo("32768");
        assertThat(Axis.label(0.5)).isEqualTo("0.5");
        assertThat(Axis.label(0.01)).isEqualTo("0.01");
    }
}
