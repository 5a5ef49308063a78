// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.platform.definition.Layer;
import org.vhost4j.platform.definition.Property;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.definition.ResolvedProperty;
import org.vhost4j.platform.probe.HostCapability;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The table of the features that guests are offered, or that a machine, a platform or the operator has turned off, with
 * the layer that decided each.
 */
final class FeatureTable {
    private final Resolution resolution;
    private final Set<Feature> emulated = EnumSet.noneOf(Feature.class);

    FeatureTable(Resolution resolution) {
        this.resolution = resolution;
        for (HostCapability capability : resolution.emulated()) {
            emulated.addAll(capability.features());
        }
    }

    void write(ArrayNode rows) {
        for (Feature feature : Feature.values()) {
            Optional<ResolvedProperty> property =
                    Property.of(feature).flatMap(of -> resolution.property(of.qualifiedName()));
            boolean offered = resolution.offered().has(feature);
            boolean left = resolution.leftToFrontEnd().has(feature);
            boolean turnedOff =
                    property.map(of -> of.decider().layer() != Layer.DEVICE).orElse(false);
            if (!offered && !left && !turnedOff) {
                continue;
            }
            ObjectNode row = rows.addObject()
                    .put("name", feature.name())
                    .put("offered", offered)
                    .put("software", offered && emulated.contains(feature));
            if (left) {
                row.put("by", "front-end");
            } else if (property.isEmpty()) {
                row.put("by", "device");
            } else {
                Layer layer = property.get().decider().layer();
                row.put("by", layer == Layer.DEVICE ? "device" : layer.title());
                if (layer != Layer.DEVICE) {
                    row.put("source", property.get().decider().source());
                }
            }
        }
    }
}
