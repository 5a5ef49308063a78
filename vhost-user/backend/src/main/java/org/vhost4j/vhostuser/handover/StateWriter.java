// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.handover;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.Fd;

/**
 * Writes state, big-endian, and collects the descriptors that belong to it. The owners of the descriptors keep them open until the message
 * is sent. A writer {@linkplain #ofDuplicates with duplicates} lets them close the descriptors at once.
 */
public final class StateWriter implements AutoCloseable {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final List<Fd> descriptors = new ArrayList<>();

    private final boolean duplicates;

    /** Creates an empty writer. */
    public StateWriter() {
        this(false);
    }

    private StateWriter(boolean duplicates) {
        this.duplicates = duplicates;
    }

    /**
     * Creates a writer that keeps duplicates of descriptors until {@link #close}.
     *
     * @return a new writer
     */
    public static StateWriter ofDuplicates() {
        return new StateWriter(true);
    }

    /**
     * Writes a boolean.
     *
     * @param value the value, written as one byte, 0 or 1
     * @return this
     */
    public StateWriter flag(boolean value) {
        bytes.write(value ? 1 : 0);
        return this;
    }

    /**
     * Writes a 32-bit number.
     *
     * @param value the number, 4 bytes
     * @return this
     */
    public StateWriter number(int value) {
        return raw(ByteBuffer.allocate(Integer.BYTES).putInt(value).array());
    }

    /**
     * Writes a 64-bit number.
     *
     * @param value the number, 8 bytes
     * @return this
     */
    public StateWriter word(long value) {
        return raw(ByteBuffer.allocate(Long.BYTES).putLong(value).array());
    }

    /**
     * Writes a block of bytes with a preceding length.
     *
     * @param value the bytes
     * @return this
     */
    public StateWriter block(byte[] value) {
        return number(value.length).raw(value);
    }

    /**
     * Writes a text.
     *
     * @param value the text, written in UTF-8
     * @return this
     */
    public StateWriter text(String value) {
        return block(value.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Adds an optional descriptor, and writes whether there is one.
     *
     * @param value the descriptor; null for none
     * @return this
     */
    public StateWriter descriptor(@Nullable Fd value) {
        flag(value != null);
        if (value != null) {
            descriptors.add(duplicates ? value.duplicate() : value);
        }
        return this;
    }

    /**
     * Appends the content of another writer.
     *
     * @param other the other writer, which still owns its descriptors
     * @return this
     */
    public StateWriter append(StateWriter other) {
        descriptors.addAll(other.descriptors);
        return raw(other.bytes());
    }

    private StateWriter raw(byte[] value) {
        bytes.writeBytes(value);
        return this;
    }

    /**
     * Returns the written bytes.
     *
     * @return a copy of the bytes
     */
    public byte[] bytes() {
        return bytes.toByteArray();
    }

    /**
     * Returns the descriptors in the order in which they were written.
     *
     * @return the descriptors, possibly more than one message can carry
     */
    public List<Fd> descriptors() {
        return List.copyOf(descriptors);
    }

    /** Closes the duplicates. */
    @Override
    public void close() {
        if (duplicates) {
            descriptors.forEach(Fd::close);
        }
    }
}
