// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

/**
 * The reason why a definition was refused.
 *
 * @param file the file
 * @param line the line, counted from 1; 0 for the whole file
 * @param member the JSON member, such as {@code properties.virtio-net.host_uso}; empty for the whole file
 * @param message description of the problem, one clause
 */
public record DefinitionProblem(String file, int line, String member, String message) {
    @Override
    public String toString() {
        return file + (line > 0 ? ":" + line : "") + ": " + (member.isEmpty() ? "" : member + ": ") + message;
    }
}
