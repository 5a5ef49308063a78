// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.schema;

/**
 * The definition of a QMP event.
 *
 * @param name the name of the event
 * @param data the type of the event's data
 */
public record EventDefinition(String name, SchemaType.Struct data) {}
