// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.util.List;
import java.util.Locale;
import org.vhost4j.platform.definition.DeviceKind;
import org.vhost4j.platform.definition.MigrationExplanation;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Formats explanations as JSON. */
final class ExplanationJson {
    private ExplanationJson() {}

    /**
     * Formats all explanations.
     *
     * @param explanations the explanations
     * @return lines, each with its end
     */
    static String text(List<MigrationExplanation> explanations) {
        ObjectNode root = JsonOutput.of("platform-explain");
        ArrayNode all = root.putArray("explanations");
        explanations.forEach(each -> add(all.addObject(), each));
        return JsonOutput.text(root);
    }

    private static void add(ObjectNode node, MigrationExplanation explanation) {
        node.put("cause", explanation.cause().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        explanation.device().map(DeviceKind::device).ifPresent(device -> node.put("device", device));
        if (!explanation.section().isEmpty()) {
            node.put("section", explanation.section());
        }
        node.put("guest", explanation.guest().hex())
                .put("allowed", explanation.allowed().hex());
        ArrayNode bits = node.putArray("bits");
        for (MigrationExplanation.Bit bit : explanation.bits()) {
            ObjectNode one = bits.addObject().put("bit", bit.number()).put("name", bit.name());
            bit.property().ifPresent(property -> one.put("property", property));
            one.put("guest", bit.inGuest()).put("allowed", bit.isAllowed()).put("stops", bit.stops());
            bit.sinceMachine().ifPresent(machine -> one.put("since-machine", machine));
            bit.sincePlatform().ifPresent(platform -> one.put("since-platform", platform));
        }
        JsonOutput.words(node.putArray("suspects"), explanation.suspects());
        JsonOutput.words(node.putArray("refused"), explanation.refused());
        explanation.platform().ifPresent(platform -> node.put("platform", platform.name()));
        JsonOutput.words(node.putArray("settings"), explanation.settings());
    }
}
