// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.probe;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.util.List;

/** Validates the output of commands with the schema that they print. */
public final class JsonSchemas {
    private JsonSchemas() {}

    /** Returns the errors of a document; empty when it conforms to the schema. */
    public static List<String> problems(String schema, String document) {
        return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(schema, InputFormat.JSON)
                .validate(document, InputFormat.JSON)
                .stream()
                .map(Error::toString)
                .toList();
    }
}
