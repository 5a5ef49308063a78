// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ChainShapeTest {
    @Test
    void shapesCutAsTheirNamesSay() {
        assertThat(ChainShape.TOGETHER.cut(12, 60)).containsExactly(72);
        assertThat(ChainShape.HEADER_APART.cut(12, 60)).containsExactly(12, 60);
        assertThat(ChainShape.HEADER_SPREAD.cut(10, 60)).containsExactly(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 60);
        assertThat(ChainShape.pieces(25).cut(12, 60)).containsExactly(12, 25, 25, 10);
        assertThat(ChainShape.pieces(30).cut(12, 60)).containsExactly(12, 30, 30);
        assertThat(new ChainShape(0, 25, false).cut(12, 60)).containsExactly(37, 25, 10);
        assertThat(new ChainShape(5, 0, false).cut(12, 60)).containsExactly(5, 5, 2, 60);
    }

    @Test
    void anEmptyFrameLeavesTheHeader() {
        assertThat(ChainShape.TOGETHER.cut(12, 0)).containsExactly(12);
        assertThat(ChainShape.HEADER_APART.cut(12, 0)).containsExactly(12);
    }

    @Test
    void theSpanHasAGapBehindEachPiece() {
        assertThat(ChainShape.span(new int[] {12, 60})).isEqualTo(72 + 2 * ChainShape.GAP);
    }
}
