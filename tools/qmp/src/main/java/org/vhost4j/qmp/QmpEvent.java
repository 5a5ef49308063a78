// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.time.Instant;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Something that happened.
 *
 * @param when it happened
 * @param name what, as in the schema
 * @param data what comes with it
 */
record QmpEvent(Instant when, String name, ObjectNode data) {
    /** Something that happens now. */
    static QmpEvent now(String name, ObjectNode data) {
        return new QmpEvent(Instant.now(), name, data);
    }

    /** The message for clients. */
    ObjectNode message() {
        ObjectNode message = JsonNodeFactory.instance.objectNode();
        message.putObject("timestamp").put("seconds", when.getEpochSecond()).put("microseconds", when.getNano() / 1000);
        message.put("event", name);
        message.set("data", data);
        return message;
    }
}
