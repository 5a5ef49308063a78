// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

/**
 * A definition file before it is read.
 *
 * @param file path of the file, for messages
 * @param baseName name without directories; a file in a more specific directory replaces one of the same base name
 * @param text content of the file
 * @param shipped whether it comes with the program, whose build has validated it against its schema
 */
record DefinitionSource(String file, String baseName, String text, boolean shipped) {}
