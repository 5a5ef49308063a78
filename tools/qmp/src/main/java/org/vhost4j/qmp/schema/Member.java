// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.schema;

import java.util.List;

/**
 * A member of a struct.
 *
 * @param name the name of the member
 * @param type the type of the member
 * @param optional whether the member may be absent
 * @param features the special features, such as {@code unstable}
 */
public record Member(String name, SchemaType type, boolean optional, List<String> features) {
    /** Copies the list. */
    public Member {
        features = List.copyOf(features);
    }
}
