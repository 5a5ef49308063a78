// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.probe;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.util.List;

/** Validates what commands print against the schema that they print. */
public final class JsonSchemas {
    private JsonSchemas() {}

    /** What is wrong with a document; empty when it is as the schema says. */
    public static List<String> problems(String schema, String document) {
        return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(schema, InputFormat.JSON)
                .validate(document, InputFormat.JSON)
                .stream()
                .map(Error::toString)
                .toList();
    }
}
