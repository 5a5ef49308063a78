// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Creates the JSON schema of configuration files from the options of {@code run}. */
final class ConfigSchema {
    private ConfigSchema() {}

    /**
     * Returns the schema.
     *
     * @param run the options
     * @return JSON with a line end
     */
    static String of(CommandSpec run) {
        ObjectNode schema = JsonNodeFactory.instance.objectNode();
        schema.put("$schema", "https://json-schema.org/draft/2020-12/schema")
                .put("title", "A file of vhost4j run --config")
                .put("type", "object");
        ObjectNode properties = schema.putObject("properties");
        properties.put("$schema", true);
        array(properties, ConfigSetting.GUESTS, ConfigSetting.guest())
                .putArray("oneOf")
                .add(required(ConfigSetting.SOCKET))
                .add(required(ConfigSetting.DESCRIPTOR));
        array(properties, ConfigSetting.PORTS, ConfigSetting.port())
                .putArray("required")
                .add(ConfigSetting.PORT);
        ConfigSetting.backEnd(run).forEach((name, setting) -> properties.set(name, setting.schema()));
        schema.put("additionalProperties", false);
        return new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(schema) + "\n";
    }

    private static ObjectNode required(String name) {
        ObjectNode one = JsonNodeFactory.instance.objectNode();
        one.putArray("required").add(name);
        return one;
    }

    private static ObjectNode array(ObjectNode properties, String name, Map<String, ConfigSetting> settings) {
        ObjectNode items = properties.putObject(name).put("type", "array").putObject("items");
        ObjectNode members = items.put("type", "object").putObject("properties");
        settings.forEach((key, setting) -> members.set(key, setting.schema()));
        return items.put("additionalProperties", false);
    }
}
