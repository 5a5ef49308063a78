// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.util.Locale;
import java.util.Optional;
import org.vhost4j.platform.definition.Assignment;
import org.vhost4j.platform.definition.Evidence;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.definition.ResolvedProperty;
import org.vhost4j.platform.probe.HostCapability;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Formats the promise of a platform on a machine, with the layer that decided each bit, as JSON. */
final class PromiseJson {
    private PromiseJson() {}

    /**
     * Formats a promise.
     *
     * @param resolution the promise
     * @param platform the platform's definition; empty for {@code host}
     * @return lines, each with its end
     */
    static String text(Resolution resolution, Optional<PlatformDefinition> platform) {
        ObjectNode root = JsonOutput.of("platform-show")
                .put("platform", resolution.platform())
                .put("machine", resolution.machine());
        platform.ifPresent(definition -> add(root.putObject("definition"), definition));
        ArrayNode properties = root.putArray("properties");
        for (ResolvedProperty property : resolution.properties()) {
            ObjectNode one = properties
                    .addObject()
                    .put("name", property.property().qualifiedName())
                    .put("value", property.value());
            property.property()
                    .feature()
                    .ifPresent(feature -> one.put("feature", feature.name()).put("bit", feature.bit()));
            one.put("to-the-guest", property.availability().title());
            ArrayNode layers = one.putArray("layers");
            for (Assignment assignment : property.assignments()) {
                layers.addObject()
                        .put("layer", assignment.layer().name().toLowerCase(Locale.ROOT))
                        .put("source", assignment.source())
                        .put("value", assignment.value());
            }
        }
        JsonOutput.words(root.putArray("by-the-device-alone"), resolution.withoutProperty());
        JsonOutput.features(root.putObject("offered"), resolution.offered());
        JsonOutput.words(root.putArray("withheld"), resolution.withheld());
        JsonOutput.words(root.putArray("notes"), resolution.notes());
        return JsonOutput.text(root);
    }

    private static void add(ObjectNode node, PlatformDefinition platform) {
        JsonOutput.names(node, platform)
                .put("title", platform.title())
                .put("line", platform.line())
                .put("released", platform.released().toString())
                .put("origin", platform.origin());
        platform.parent().ifPresent(parent -> node.put("parent", parent));
        platform.deprecated().ifPresent(why -> node.put("deprecated", why));
        JsonOutput.words(
                node.putArray("requires"),
                platform.requires().stream().map(HostCapability::id).toList());
        ArrayNode evidence = node.putArray("evidence");
        for (Evidence each : platform.evidence()) {
            ObjectNode one = evidence.addObject().put("source", each.source());
            JsonOutput.words(one.putArray("of"), each.of());
        }
    }
}
