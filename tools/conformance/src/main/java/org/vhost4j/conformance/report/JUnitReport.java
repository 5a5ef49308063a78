// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.report;

import java.io.StringWriter;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;
import org.vhost4j.conformance.CaseResult;
import org.vhost4j.conformance.Evidence;
import org.vhost4j.conformance.Outcome;
import org.vhost4j.conformance.SuiteReport;

/** What CI servers read: the XML of JUnit's Ant task, a suite for each group. */
public final class JUnitReport {
    private final XMLStreamWriter xml;
    private final SuiteReport report;

    private JUnitReport(XMLStreamWriter xml, SuiteReport report) {
        this.xml = xml;
        this.report = report;
    }

    /**
     * Writes a report.
     *
     * @param report everything
     * @return an XML document in UTF-8
     */
    public static String text(SuiteReport report) {
        StringWriter text = new StringWriter();
        try {
            XMLStreamWriter xml = XMLOutputFactory.newDefaultFactory().createXMLStreamWriter(text);
            new JUnitReport(xml, report).write();
            xml.close();
        } catch (XMLStreamException e) {
            throw new IllegalStateException("a document in memory cannot be written: " + e.getMessage(), e);
        }
        return text.toString();
    }

    private void write() throws XMLStreamException {
        xml.writeStartDocument("UTF-8", "1.0");
        xml.writeCharacters("\n");
        xml.writeStartElement("testsuites");
        Map<String, List<CaseResult>> groups = new LinkedHashMap<>();
        for (CaseResult result : report.results()) {
            groups.computeIfAbsent(ConsoleReport.title(result.tried()), group -> new ArrayList<>())
                    .add(result);
        }
        int id = 0;
        for (Map.Entry<String, List<CaseResult>> group : groups.entrySet()) {
            suite(id++, group.getKey(), group.getValue());
        }
        xml.writeEndElement();
        xml.writeEndDocument();
    }

    private void suite(int id, String group, List<CaseResult> results) throws XMLStreamException {
        xml.writeCharacters("\n");
        xml.writeStartElement("testsuite");
        xml.writeAttribute("id", Integer.toString(id));
        xml.writeAttribute("package", "conformance");
        xml.writeAttribute("name", group);
        xml.writeAttribute(
                "timestamp",
                DateTimeFormatter.ISO_LOCAL_DATE_TIME.format(
                        report.began().truncatedTo(ChronoUnit.SECONDS).atOffset(ZoneOffset.UTC)));
        xml.writeAttribute("hostname", "localhost");
        xml.writeAttribute("tests", Integer.toString(results.size()));
        xml.writeAttribute("failures", count(results, Outcome.FAIL));
        xml.writeAttribute("errors", count(results, Outcome.NOT_RUN));
        long skipped = results.stream()
                .filter(each -> each.outcome() == Outcome.NOT_OFFERED || each.outcome() == Outcome.NOT_APPLICABLE)
                .count();
        xml.writeAttribute("skipped", Long.toString(skipped));
        xml.writeAttribute(
                "time", seconds(results.stream().mapToLong(CaseResult::millis).sum()));
        xml.writeStartElement("properties");
        property("back-end", report.label());
        property("suite", report.version());
        property("loop", report.loop().name().toLowerCase(Locale.ROOT));
        property("features", String.join(" ", report.offer().features().names()));
        property("protocol-features", String.join(" ", report.offer().protocolNames()));
        xml.writeEndElement();
        for (CaseResult result : results) {
            testCase(result);
        }
        xml.writeEmptyElement("system-out");
        xml.writeEmptyElement("system-err");
        xml.writeCharacters("\n");
        xml.writeEndElement();
    }

    private static String count(List<CaseResult> results, Outcome outcome) {
        return Long.toString(
                results.stream().filter(each -> each.outcome() == outcome).count());
    }

    private static String seconds(long millis) {
        return "%d.%03d".formatted(millis / 1000, millis % 1000);
    }

    private void property(String name, String value) throws XMLStreamException {
        xml.writeEmptyElement("property");
        xml.writeAttribute("name", name);
        xml.writeAttribute("value", printable(value));
    }

    private void testCase(CaseResult result) throws XMLStreamException {
        xml.writeCharacters("\n  ");
        xml.writeStartElement("testcase");
        xml.writeAttribute("classname", "conformance." + result.tried().name().split("\\.", 2)[0]);
        xml.writeAttribute("name", result.tried().name());
        xml.writeAttribute("time", seconds(result.millis()));
        Evidence evidence = result.evidence();
        switch (result.outcome()) {
            case PASS -> {}
            case FAIL -> {
                xml.writeStartElement("failure");
                xml.writeAttribute("type", result.tried().section());
                if (evidence != null) {
                    xml.writeAttribute(
                            "message",
                            printable(evidence.came().lines().findFirst().orElse("")));
                    xml.writeCharacters(printable(String.join("\n", evidence.lines())));
                }
                xml.writeEndElement();
            }
            case NOT_RUN -> {
                xml.writeEmptyElement("error");
                xml.writeAttribute("type", result.outcome().text());
                xml.writeAttribute("message", printable(result.reason()));
            }
            case NOT_OFFERED, NOT_APPLICABLE -> {
                xml.writeEmptyElement("skipped");
                xml.writeAttribute("message", printable(result.outcome().text() + ": " + result.reason()));
            }
        }
        xml.writeEndElement();
    }

    /** What a back-end printed may have characters that XML cannot have. */
    private static String printable(String text) {
        return text.codePoints()
                .map(c -> c == '\n' || (c >= 0x20 && c < 0xd800) || (c >= 0xe000 && c <= 0xfffd) ? c : '?')
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
