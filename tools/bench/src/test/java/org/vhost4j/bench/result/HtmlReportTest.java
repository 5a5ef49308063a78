// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class HtmlReportTest {
    private final String page = HtmlReport.of(Reports.whole());

    @Test
    void itNeedsNothingElse() {
        assertThat(page).doesNotContain("http:", "https:", "url(", "<script", "<link", "<img", "src=");
        assertThat(HtmlReport.of(Reports.whole())).as("written again").isEqualTo(page);
    }

    @Test
    void textIsEscaped() {
        assertThat(page).contains("slow &amp; &lt;old&gt;").doesNotContain("<old>");
    }

    @Test
    void goalsAreJudged() {
        assertThat(page).contains("<td class=\"met\">met</td>", "<td class=\"missed\">not met</td>");
    }

    /** One drawing for the bars, one for the series, and one each for the median and the curve of the round trip. */
    @Test
    void everyRowHasItsDrawings() throws Exception {
        Document document = parsed();
        NodeList drawings = document.getElementsByTagName("svg");
        assertThat(drawings.getLength()).isEqualTo(4);
        assertThat(document.getElementsByTagName("rect").getLength())
                .as("bars of four medians")
                .isEqualTo(4);
        assertThat(document.getElementsByTagName("polyline").getLength()).isEqualTo(2);
        for (String attribute : new String[] {"x", "y", "width", "cx", "cy", "x1", "y2", "points"}) {
            assertThat(page)
                    .doesNotContain(attribute + "=\"NaN", attribute + "=\"-Infinity", attribute + "=\"Infinity");
        }
    }

    @Test
    void oursAreOfOneColourFamily() {
        java.util.List<String> contenders = java.util.List.of("vhost4j", "DPDK 1", "vhost4j null:copy=on", "DPDK 2");
        assertThat(java.util.stream.IntStream.range(0, 4).mapToObj(i -> Svg.colour(contenders, i)))
                .containsExactly("c0", "c4", "c1", "c5");
    }

    @Test
    void aRowWithoutAnyValueHasNoBars() {
        Report report = Reports.of(new RowResult(
                "sends",
                "Guest sends",
                "About.",
                java.util.List.of(Reports.rates(
                        "64 B",
                        java.util.List.of(),
                        new Measured(
                                "ours",
                                java.util.List.of(),
                                java.util.Optional.empty(),
                                java.util.Optional.of("no"))))));
        assertThat(HtmlReport.of(report)).contains("64 B: ours: no").doesNotContain("<rect", "NaN", "Goals");
    }

    /** The page is written so that it is XML, too, except for two tags that have no end. */
    private Document parsed() throws Exception {
        String xml = page.substring(page.indexOf("<body>"), page.indexOf("</html>"));
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(xml)));
    }
}
