// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HtmlPageTest {
    @Test
    void aPageNeedsNothingElse() {
        String page = HtmlPage.of("a < b", ".x { color: var(--bad); }\n", "<p>100%</p>\n");
        assertThat(page)
                .startsWith("<!DOCTYPE html>")
                .contains("<title>a &lt; b</title>", "--bad: #", ".x { color: var(--bad); }\n</style>")
                .endsWith("<body>\n<p>100%</p>\n</body>\n</html>\n")
                .doesNotContain("<link", "<script", "src=", "url(", "http:", "https:");
    }

    @Test
    void whatHtmlWouldReadIsEscaped() {
        assertThat(HtmlPage.escape("<a href=\"x\">&</a>")).isEqualTo("&lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;");
    }
}
