// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.schema;

/**
 * An event.
 *
 * @param name its name
 * @param data what comes with it
 */
public record EventDefinition(String name, SchemaType.Struct data) {}
