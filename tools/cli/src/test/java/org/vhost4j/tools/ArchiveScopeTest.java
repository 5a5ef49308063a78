// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Tests that the runnable archive has every library that its modules need. Maven uses the scope that the command line's
 * own pom.xml declares for a library, regardless of the modules below it: scope {@code test} there omits the library.
 */
class ArchiveScopeTest {
    private static final Pattern DEPENDENCY = Pattern.compile("<dependency>(.*?)</dependency>", Pattern.DOTALL);

    @Test
    void noLibraryOfAModuleIsForTestsOnly() throws IOException {
        Set<String> needed = new TreeSet<>();
        for (Path pom : SourceTree.files("pom.xml"::equals)) {
            if (!pom.startsWith(SourceTree.ROOT.resolve("tools/cli"))
                    && !pom.startsWith(SourceTree.ROOT.resolve("benchmarks"))
                    && !pom.equals(SourceTree.ROOT.resolve("pom.xml"))) {
                needed.addAll(libraries(pom, false));
            }
        }
        assertThat(needed).contains("json-schema-validator", "jna", "jackson-databind");
        assertThat(libraries(SourceTree.ROOT.resolve("tools/cli/pom.xml"), true))
                .isNotEmpty()
                .doesNotContainAnyElementsOf(needed);
    }

    /** The dependencies of a module for tests, or all others, without test archives. */
    private static List<String> libraries(Path pom, boolean ofTests) throws IOException {
        List<String> names = new ArrayList<>();
        Matcher dependency = DEPENDENCY.matcher(Files.readString(pom));
        while (dependency.find()) {
            String text = dependency.group(1);
            if (text.contains("<scope>test</scope>") == ofTests && !text.contains("<type>test-jar</type>")) {
                names.add(text.replaceAll("(?s).*<artifactId>(.*?)</artifactId>.*", "$1"));
            }
        }
        return names;
    }
}
