// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.probe;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The JSON Schemas of the commands' output. */
public final class JsonSchema {
    private JsonSchema() {}

    /**
     * Returns a schema that comes with the program.
     *
     * @param owner a class of the package that has the schema
     * @param name name of the schema in the resources of that package
     * @return text of the schema
     */
    public static String text(Class<?> owner, String name) {
        try (InputStream in = owner.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the program's resource " + name + " is missing");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
