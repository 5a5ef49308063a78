// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.schema;

/**
 * The definition of a QMP command.
 *
 * @param name the name of the command
 * @param arguments the type of the arguments
 * @param returns the type of the return value, an empty struct for none
 */
public record CommandDefinition(String name, SchemaType.Struct arguments, SchemaType returns) {}
