// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.vhost4j.conformance.Outcome;
import org.vhost4j.conformance.junit.BackEnd;
import org.vhost4j.conformance.junit.Conformance;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.PacketBuilder;

/** Tests the example in the documentation of the suite, which is a part of this class. */
@BackEnd(
        value = "${java.home}/bin/java --enable-native-access=ALL-UNNAMED -cp ${java.class.path}"
                + " org.vhost4j.tools.Vhost4j run --socket-path={socket} --port echo",
        timeout = 10)
class ConformanceExampleTest {
    private static final Path SOURCES = Path.of("..", "..");
    private static final String DOCUMENTED = "docs/conformance.md";
    private static final String COMPILED =
            "tools/cli/src/test/java/org/vhost4j/tools/endtoend/ConformanceExampleTest.java";

    // The example begins here.
    @TestFactory
    Stream<DynamicTest> conforms(Conformance suite) {
        return suite.tests("message.*", "ring.*");
    }

    @Test
    void returnsFrames(NetDriver driver) {
        driver.send(PacketBuilder.udp4().macs(1, 2).payload(64, 0).complete());
        assertThat(driver.receive().bytes()).hasSize(106);
    }
    // The example ends here.

    @Test
    void oneCaseCanBeAskedFor(Conformance suite, FrontEnd frontEnd) {
        assertThat(frontEnd.getFeatures()).isNotZero();
        frontEnd.close();
        assertThat(suite.run("ring.base").outcome()).isEqualTo(Outcome.PASS);
        assertThat(suite.run("rss.table").outcome()).isEqualTo(Outcome.NOT_OFFERED);
    }

    @Test
    void itIsWhatIsDocumented() throws IOException {
        List<String> documented = Files.readAllLines(SOURCES.resolve(DOCUMENTED));
        List<String> compiled = Files.readAllLines(SOURCES.resolve(COMPILED)).stream()
                .dropWhile(line -> !line.equals("    // The example begins here."))
                .skip(1)
                .takeWhile(line -> !line.equals("    // The example ends here."))
                .toList();
        assertThat(compiled).isNotEmpty();
        assertThat(documented).containsSubsequence(compiled);
    }
}
