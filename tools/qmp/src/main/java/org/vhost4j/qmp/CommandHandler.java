// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import tools.jackson.databind.JsonNode;

/** Carries out one command. Called by the thread of the client that sent it; several may call at a time. */
@FunctionalInterface
interface CommandHandler {
    /**
     * Carries it out.
     *
     * @param session the client's
     * @param arguments checked against the schema; an empty object when there are none
     * @return the answer, as in the schema
     * @throws QmpError when it cannot be done
     */
    JsonNode execute(QmpSession session, JsonNode arguments) throws QmpError;
}
