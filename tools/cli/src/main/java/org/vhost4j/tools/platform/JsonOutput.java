// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.util.Collection;
import java.util.List;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.probe.Answer;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Creates the output of the commands with {@code --json}: one object, whose first member has the command's name and the
 * format's version.
 */
final class JsonOutput {
    private static final JsonMapper MAPPER = new JsonMapper();

    private JsonOutput() {}

    /**
     * Creates an object.
     *
     * @param command the command, its words joined by hyphens
     * @return an object with the member {@code vhost4j-COMMAND}, which is 1
     */
    static ObjectNode of(String command) {
        return MAPPER.createObjectNode().put("vhost4j-" + command, 1);
    }

    /**
     * Returns an object as text.
     *
     * @param root the object
     * @return lines, each with its end
     */
    static String text(ObjectNode root) {
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
    }

    /**
     * Adds strings to an array.
     *
     * @param array the array
     * @param words the strings
     */
    static void words(ArrayNode array, Collection<String> words) {
        words.forEach(array::add);
    }

    /**
     * Adds a platform's names.
     *
     * @param node object that gets {@code name} and {@code aliases}
     * @param platform the platform
     * @return the node
     */
    static ObjectNode names(ObjectNode node, PlatformDefinition platform) {
        words(node.put("name", platform.name()).putArray("aliases"), platform.aliases());
        return node;
    }

    /**
     * Adds feature bits.
     *
     * @param node object that gets {@code hex} and {@code names}
     * @param features the bits
     */
    static void features(ObjectNode node, FeatureSet features) {
        words(node.put("hex", features.hex()).putArray("names"), features.names());
    }

    /**
     * Adds the missing capabilities of a host, as in its probe.
     *
     * @param array array that gets an object for each capability
     * @param host the host
     * @param lacked the capabilities
     */
    static void lacked(ArrayNode array, HostCapabilities host, List<HostCapability> lacked) {
        for (HostCapability capability : lacked) {
            Answer answer = host.answer(capability);
            array.addObject()
                    .put("capability", capability.id())
                    .put("answer", answer.verdict().word())
                    .put("asked", answer.asked())
                    .put("said", answer.said())
                    .put("software", capability.softwareFallback().isPresent());
        }
    }
}
