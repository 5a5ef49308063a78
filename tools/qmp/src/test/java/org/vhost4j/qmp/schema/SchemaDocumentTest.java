// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Tests that docs/qmp.md matches the schema; {@code mvn test -Dtest=SchemaDocumentTest -Dvhost4j.write-docs=true}
 * regenerates it.
 */
class SchemaDocumentTest {
    private static final Path DOCUMENT = Path.of("..", "..", "docs", "qmp.md");

    @Test
    void theDocumentationIsThatOfTheSchema() throws IOException {
        String text = SchemaDocument.of(Schema.load());
        if (Boolean.getBoolean("vhost4j.write-docs")) {
            Files.writeString(DOCUMENT, text);
        }
        assertThat(DOCUMENT).as("run this test with -Dvhost4j.write-docs=true").hasContent(text);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "@other:|'A' is not documented",
                "@A:|'A' does not say since when it is there",
                "@A: Since: 1|'A' is not documented",
                "@A:;Since: 1|'A' has [x], and documented are []",
                "@A:;@x: it;@y: that;Since: 1|'A' has [x], and documented are [x, y]",
            })
    void whatIsNotDocumented(String comment, String message) {
        String schema = "##\n# " + comment.replace(";", "\n# ") + "\n##\n{ 'struct': 'A', 'data': { 'x': 'int' } }\n";
        assertThatThrownBy(() -> SchemaDocument.of(Schema.parse(schema)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
