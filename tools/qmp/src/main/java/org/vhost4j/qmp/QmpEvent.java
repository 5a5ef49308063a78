// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.time.Instant;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * An event.
 *
 * @param when time of the event
 * @param name name of the event in the schema
 * @param data data of the event
 */
record QmpEvent(Instant when, String name, ObjectNode data) {
    /** Creates an event with the present time. */
    static QmpEvent now(String name, ObjectNode data) {
        return new QmpEvent(Instant.now(), name, data);
    }

    /** Returns the message for clients. */
    ObjectNode message() {
        ObjectNode message = JsonNodeFactory.instance.objectNode();
        message.putObject("timestamp").put("seconds", when.getEpochSecond()).put("microseconds", when.getNano() / 1000);
        message.put("event", name);
        message.set("data", data);
        return message;
    }
}
