// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.schema;

/**
 * A command.
 *
 * @param name its name
 * @param arguments what it takes
 * @param returns what it returns, an empty struct for nothing
 */
public record CommandDefinition(String name, SchemaType.Struct arguments, SchemaType returns) {}
