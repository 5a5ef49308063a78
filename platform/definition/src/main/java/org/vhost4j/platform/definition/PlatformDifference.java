// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.platform.probe.HostCapability;

/**
 * The differences between two platforms.
 *
 * @param rows the differences: properties first, then requirements
 */
public record PlatformDifference(List<Row> rows) {
    /**
     * One difference.
     *
     * @param what a property's qualified name or a host capability
     * @param left value or requirement of the first platform
     * @param right value or requirement of the second platform
     */
    public record Row(String what, String left, String right) {}

    private static final String SILENT = "-";

    /** Copies the list. */
    public PlatformDifference {
        rows = List.copyOf(rows);
    }

    /**
     * Compares two platforms.
     *
     * @param left the first platform
     * @param right the second platform
     * @return the differences; without rows when both platforms promise and require the same
     */
    public static PlatformDifference between(PlatformDefinition left, PlatformDefinition right) {
        List<Row> rows = new ArrayList<>();
        for (Property property : Property.all()) {
            String one = value(left.assignments().get(property));
            String other = value(right.assignments().get(property));
            if (!one.equals(other)) {
                rows.add(new Row(property.qualifiedName(), one, other));
            }
        }
        for (HostCapability capability : HostCapability.values()) {
            boolean one = left.requires().contains(capability);
            boolean other = right.requires().contains(capability);
            if (one != other) {
                rows.add(new Row(capability.id(), required(one), required(other)));
            }
        }
        return new PlatformDifference(rows);
    }

    private static String value(@Nullable Assignment assignment) {
        return assignment == null ? SILENT : assignment.value();
    }

    private static String required(boolean is) {
        return is ? "required" : SILENT;
    }
}
