// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import tools.jackson.databind.JsonNode;

/**
 * Executes one QMP command. It is called by the thread of the client that sent the command; several threads may call it at the same time.
 */
@FunctionalInterface
interface CommandHandler {
    /**
     * Executes the command.
     *
     * @param session the session of the client
     * @param arguments the arguments, which conform to the schema; an empty object when there are none
     * @return the return value, which conforms to the schema
     * @throws QmpError when the command fails
     */
    JsonNode execute(QmpSession session, JsonNode arguments) throws QmpError;
}
