// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.schema;

import java.util.List;

/**
 * A member of a struct.
 *
 * @param name its name
 * @param type its type
 * @param optional whether it may be absent
 * @param features marks such as {@code unstable}
 */
public record Member(String name, SchemaType type, boolean optional, List<String> features) {
    /** Copies the list. */
    public Member {
        features = List.copyOf(features);
    }
}
