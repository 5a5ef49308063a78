// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

/**
 * Why a definition was refused.
 *
 * @param file the file
 * @param line the line, counted from 1; 0 when the whole file is meant
 * @param member the JSON member, such as {@code properties.virtio-net.host_uso}; empty when the whole file is meant
 * @param message what is wrong, one clause
 */
public record DefinitionProblem(String file, int line, String member, String message) {
    @Override
    public String toString() {
        return file + (line > 0 ? ":" + line : "") + ": " + (member.isEmpty() ? "" : member + ": ") + message;
    }
}
