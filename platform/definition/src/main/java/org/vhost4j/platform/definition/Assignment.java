// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

/**
 * The value that a layer assigns to a property.
 *
 * @param layer layer that assigns the value
 * @param source the name of the definition that contains the assignment, {@code --set}, or the device
 * @param value the value
 */
public record Assignment(Layer layer, String source, String value) {
    /**
     * Returns the assignment as text for a table or a message.
     *
     * @return text such as {@code off by machine pc-q35-8.1}
     */
    public String inWords() {
        return value + " by " + (layer == Layer.EXPLICIT || layer == Layer.DEVICE ? "" : layer.title() + " ") + source;
    }
}
