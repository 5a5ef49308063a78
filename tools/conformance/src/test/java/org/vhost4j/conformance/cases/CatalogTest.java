// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.vhost4j.conformance.Case;
import org.vhost4j.tools.common.UnsupportedOption;

class CatalogTest {
    @Test
    void everyCaseHasANameOfItsOwnAndSaysWhatItChecksAndWhereThatIsWritten() {
        List<Case> all = Catalog.select(List.of());
        assertThat(all)
                .extracting(Case::name)
                .doesNotHaveDuplicates()
                .allMatch(name -> name.matches("[a-z0-9-]+(\\.[a-z0-9-]+)+"));
        assertThat(all).allMatch(each -> !each.says().isBlank() && !each.says().endsWith("."));
        assertThat(all).allMatch(each -> each.section().matches("(virtio 1\\.4, |vhost-user, |robustness).*"));
    }

    @Test
    void patternsChooseCases() {
        assertThat(Catalog.select(List.of("ring.base", "*.kick-starts*")))
                .extracting(Case::name)
                .containsExactly("ring.kick-starts", "ring.kick-starts.packed", "ring.base");
        assertThatThrownBy(() -> Catalog.select(List.of("ring.bass")))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessageContaining("--only=ring.bass");
    }
}
