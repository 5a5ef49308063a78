// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.report;

import java.io.StringWriter;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;
import org.vhost4j.conformance.ExpectedFailures;
import org.vhost4j.conformance.Outcome;

/** The XML format of JUnit's Ant task, which CI servers read, for any kind of check. */
public final class JUnitXml {
    /** The status of a test in JUnit XML. */
    public enum Status {
        /** The test passed. */
        PASSED,
        /** The test failed: the tested program does not behave as required. */
        FAILURE,
        /** The test was aborted. */
        ERROR,
        /** The test was not run, or its failure is expected. */
        SKIPPED
    }

    /**
     * One test.
     *
     * @param classname the group under which servers show the test, with dots
     * @param name the name, unique in the group
     * @param millis the duration in milliseconds
     * @param status the status
     * @param type a word, or a section of the specification, for a failure or an error
     * @param message one line, empty when it passed
     * @param text more lines for a failure, or empty
     */
    public record Test(
            String classname, String name, long millis, Status status, String type, String message, String text) {
        /**
         * Applies a file of expected failures to the test.
         *
         * @param expected the expected failures
         * @return a skipped test for a failure that is expected; a failed test for a pass that is not expected; otherwise this test
         */
        public Test judgedBy(ExpectedFailures expected) {
            ExpectedFailures.Entry entry = expected.of(name).orElse(null);
            if (entry == null || (status != Status.FAILURE && status != Status.PASSED)) {
                return this;
            }
            return status == Status.FAILURE
                    ? new Test(
                            classname,
                            name,
                            millis,
                            Status.SKIPPED,
                            type,
                            Outcome.EXPECTED_FAIL.text() + ": " + expected.why(entry) + ": " + message,
                            text)
                    : new Test(
                            classname,
                            name,
                            millis,
                            Status.FAILURE,
                            Outcome.UNEXPECTED_PASS.text(),
                            expected.passed(entry),
                            text);
        }
    }

    private final Instant began;
    private final String part;
    private final Map<String, String> properties;
    private final Map<String, List<Test>> suites = new LinkedHashMap<>();

    /**
     * Creates an empty document.
     *
     * @param part the part of the program that writes it, such as {@code conformance}
     * @param began the time at which the run started
     * @param properties the properties of every test suite, in order
     */
    public JUnitXml(String part, Instant began, Map<String, String> properties) {
        this.part = part;
        this.began = began;
        this.properties = new LinkedHashMap<>(properties);
    }

    /**
     * Adds a test suite.
     *
     * @param name the unique name
     * @param tests the tests in the order in which they ran
     * @return this
     */
    public JUnitXml suite(String name, List<Test> tests) {
        suites.put(name, List.copyOf(tests));
        return this;
    }

    /**
     * Formats the document.
     *
     * @return XML, to be stored as UTF-8
     */
    public String text() {
        StringWriter text = new StringWriter();
        try {
            XMLStreamWriter xml = XMLOutputFactory.newDefaultFactory().createXMLStreamWriter(text);
            xml.writeStartDocument("UTF-8", "1.0");
            xml.writeCharacters("\n");
            xml.writeStartElement("testsuites");
            int id = 0;
            for (Map.Entry<String, List<Test>> suite : suites.entrySet()) {
                suite(xml, id++, suite.getKey(), suite.getValue());
            }
            xml.writeEndElement();
            xml.writeEndDocument();
            xml.close();
        } catch (XMLStreamException e) {
            throw new IllegalStateException("a document in memory cannot be written: " + e.getMessage(), e);
        }
        return text.toString();
    }

    private void suite(XMLStreamWriter xml, int id, String name, List<Test> tests) throws XMLStreamException {
        xml.writeCharacters("\n");
        xml.writeStartElement("testsuite");
        xml.writeAttribute("id", Integer.toString(id));
        xml.writeAttribute("package", part);
        xml.writeAttribute("name", printable(name));
        xml.writeAttribute(
                "timestamp",
                DateTimeFormatter.ISO_LOCAL_DATE_TIME.format(
                        began.truncatedTo(ChronoUnit.SECONDS).atOffset(ZoneOffset.UTC)));
        xml.writeAttribute("hostname", "localhost");
        xml.writeAttribute("tests", Integer.toString(tests.size()));
        xml.writeAttribute("failures", count(tests, Status.FAILURE));
        xml.writeAttribute("errors", count(tests, Status.ERROR));
        xml.writeAttribute("skipped", count(tests, Status.SKIPPED));
        xml.writeAttribute(
                "time", seconds(tests.stream().mapToLong(Test::millis).sum()));
        xml.writeStartElement("properties");
        for (Map.Entry<String, String> property : properties.entrySet()) {
            xml.writeEmptyElement("property");
            xml.writeAttribute("name", property.getKey());
            xml.writeAttribute("value", printable(property.getValue()));
        }
        xml.writeEndElement();
        for (Test test : tests) {
            test(xml, test);
        }
        xml.writeEmptyElement("system-out");
        xml.writeEmptyElement("system-err");
        xml.writeCharacters("\n");
        xml.writeEndElement();
    }

    private static String count(List<Test> tests, Status status) {
        return Long.toString(
                tests.stream().filter(each -> each.status() == status).count());
    }

    private static String seconds(long millis) {
        return "%d.%03d".formatted(millis / 1000, millis % 1000);
    }

    private static void test(XMLStreamWriter xml, Test test) throws XMLStreamException {
        xml.writeCharacters("\n  ");
        xml.writeStartElement("testcase");
        xml.writeAttribute("classname", printable(test.classname()));
        xml.writeAttribute("name", printable(test.name()));
        xml.writeAttribute("time", seconds(test.millis()));
        switch (test.status()) {
            case PASSED -> {}
            case FAILURE -> why(xml, "failure", test);
            case ERROR -> why(xml, "error", test);
            case SKIPPED -> {
                xml.writeEmptyElement("skipped");
                xml.writeAttribute("message", printable(test.message()));
            }
        }
        xml.writeEndElement();
    }

    private static void why(XMLStreamWriter xml, String element, Test test) throws XMLStreamException {
        xml.writeStartElement(element);
        xml.writeAttribute("type", printable(test.type()));
        xml.writeAttribute("message", printable(test.message()));
        xml.writeCharacters(printable(test.text()));
        xml.writeEndElement();
    }

    /** Replaces characters that are not allowed in XML, which a back-end may have printed. */
    private static String printable(String text) {
        return text.codePoints()
                .map(c -> c == '\n' || (c >= 0x20 && c < 0xd800) || (c >= 0xe000 && c <= 0xfffd) ? c : '?')
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
