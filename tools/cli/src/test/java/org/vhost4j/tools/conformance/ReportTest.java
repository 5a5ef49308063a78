// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import javax.xml.XMLConstants;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.SchemaFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.conformance.CaseResult;
import org.vhost4j.conformance.Evidence;
import org.vhost4j.conformance.LoopMode;
import org.vhost4j.conformance.Outcome;
import org.vhost4j.conformance.SuiteReport;
import org.vhost4j.conformance.cases.Catalog;
import org.vhost4j.conformance.report.ConsoleReport;
import org.vhost4j.conformance.report.HtmlReport;
import org.vhost4j.conformance.report.JUnitReport;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.frontend.Offer;
import org.vhost4j.tools.common.UnsupportedOption;

class ReportTest {
    private static final Evidence EVIDENCE = new Evidence(
            List.of("a frame of <60> bytes", "a kick"),
            "nothing & \"silence\"\n\u0007bell",
            "virtio 1.4, 9.9: it answers");

    private static final Offer OFFER = new Offer(
            FeatureSet.ofWord(0x1_4000_0001L),
            Optional.empty(),
            OptionalLong.of(8),
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            Optional.empty(),
            List.of());

    /** One case of each outcome, in two groups. */
    private static SuiteReport report(String label) {
        return report(label, result("message.in-order", Outcome.FAIL, "", EVIDENCE));
    }

    private static SuiteReport report(String label, CaseResult second) {
        return new SuiteReport(
                label,
                "/tmp/x.sock --exec 'backend {socket}'",
                "1.0",
                Instant.parse("2026-11-25T10:20:30.5Z"),
                OFFER,
                LoopMode.MACSWAP,
                7,
                5,
                List.of(
                        result("message.reply-header", Outcome.PASS, "", null),
                        second,
                        result("ring.base", Outcome.NOT_OFFERED, "CSUM", null),
                        result("ring.base.packed", Outcome.NOT_APPLICABLE, "needs frames", null),
                        result("ring.resume", Outcome.NOT_RUN, "gone", null)));
    }

    private static CaseResult result(String name, Outcome outcome, String reason, @Nullable Evidence evidence) {
        return new CaseResult(Catalog.select(List.of(name)).getFirst(), outcome, reason, evidence, 1234);
    }

    @Test
    void theXmlIsWhatCiServersRead() throws Exception {
        String xml = JUnitReport.text(report("a & b"));
        SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI)
                .newSchema(ReportTest.class.getResource("junit.xsd"))
                .newValidator()
                .validate(new StreamSource(new StringReader(xml)));
        assertThat(xml)
                .contains("tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"2.468\"")
                .contains("tests=\"3\" failures=\"0\" errors=\"1\" skipped=\"2\"")
                .contains("timestamp=\"2026-11-25T10:20:30\"")
                .contains("sent: a frame of &lt;60&gt; bytes")
                .contains("?bell");
    }

    @Test
    void thePageShowsWhatFailedAndEscapesIt() {
        String html = HtmlReport.text(report("a <b>"));
        assertThat(html)
                .contains("<h1>a &lt;b&gt;</h1>")
                .contains("Failures")
                .contains("a frame of &lt;60&gt; bytes")
                .contains("virtio 1.4, 9.9: it answers")
                .contains("<b>1</b>pass")
                .doesNotContain("src=")
                .doesNotContain("<link");
    }

    @Test
    void theConsoleCounts() {
        assertThat(ConsoleReport.counts(report("x")))
                .isEqualTo("1 passed, 1 failed, 1 not offered, 1 not applicable, 1 not run: gone");
        assertThat(report("x").passed()).isFalse();
    }

    @Test
    void ofManyRunsTheFirstThatFailedCounts() {
        SuiteReport passed = report("first", result("message.in-order", Outcome.PASS, "", null));
        SuiteReport joined = passed.joined(passed).joined(report("second")).joined(passed);
        Evidence evidence = joined.results().get(1).evidence();
        assertThat(evidence).isNotNull();
        assertThat(evidence.sent().getFirst()).isEqualTo("(in the run with seed 7)");
        assertThat(evidence.came()).isEqualTo(EVIDENCE.came());
        assertThat(joined.count(Outcome.FAIL)).isEqualTo(1);
        assertThat(passed.joined(passed).count(Outcome.FAIL)).isZero();
        assertThat(joined.results()).hasSize(5);
    }

    @Test
    void runsOfOneBackEndAreComparedInAMatrix(@TempDir Path directory) throws Exception {
        List<Path> files = new ArrayList<>();
        for (int i = 1; i <= 3; i++) {
            Outcome outcome = i == 2 ? Outcome.PASS : Outcome.FAIL;
            CaseResult second = result("message.in-order", outcome, "", i == 2 ? null : EVIDENCE);
            files.add(Files.writeString(directory.resolve(i + ".json"), JsonReport.text(report("first", second))));
        }
        assertThat(Matrix.of(files).markdown())
                .contains("| first | 2026-11-25 | 3 | 1 | 0 | 1 | 1 | 1 |")
                .contains("| `message.in-order` | varies: **fail** 2, pass 1 |")
                .contains("| `message.reply-header` | pass |")
                .contains("- `message.in-order` (vhost-user, Communication), in 2 of 3 runs: nothing & \"silence\"");
        assertThat(Matrix.of(files).json()).contains("\"runs\" : 3", "\"varies\" : 1", "\"outcomes\" : [ \"varies\" ]");
    }

    @Test
    void jsonReportsStandBesideEachOtherInAMatrix(@TempDir Path directory) throws Exception {
        Path one = Files.writeString(directory.resolve("1.json"), JsonReport.text(report("first")));
        Path two = Files.writeString(directory.resolve("2.json"), JsonReport.text(report("second")));
        assertThat(Matrix.of(List.of(one, two)).markdown())
                .contains("| first | 2026-11-25 | 1 | 1 | 1 | 0 | 1 | 1 |")
                .contains("| case | first | second |")
                .contains("| `message.in-order` | **fail** | **fail** |")
                .contains("| `ring.base` | – | – |")
                .contains("`vhost4j conformance /tmp/x.sock --exec 'backend {socket}' --only CASE`")
                .contains("- `message.in-order` (vhost-user, Communication): nothing & \"silence\"");
        Path other = Files.writeString(directory.resolve("3.json"), "{}");
        assertThatThrownBy(() -> Matrix.of(List.of(other)))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessageContaining("3.json is not a report");
    }
}
