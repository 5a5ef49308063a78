// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.handover;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.Fd;

/** Reads the state that a {@link StateWriter} has written, big-endian. {@link #close} closes the descriptors that were not read. */
public final class StateReader implements AutoCloseable {
    private final String what;
    private final ByteBuffer bytes;
    private final Deque<Fd> descriptors;

    /**
     * Creates a reader at the beginning of the bytes.
     *
     * @param what name of the content for messages
     * @param bytes the bytes
     * @param descriptors the descriptors received with the bytes; owned by this object from now on
     */
    public StateReader(String what, byte[] bytes, List<Fd> descriptors) {
        this.what = what;
        this.bytes = ByteBuffer.wrap(bytes);
        this.descriptors = new ArrayDeque<>(descriptors);
    }

    /** Reads one value of the state. */
    @FunctionalInterface
    private interface Part<T> {
        T read();
    }

    private <T> T part(Part<T> part) throws HandOverException {
        try {
            return part.read();
        } catch (BufferUnderflowException e) {
            throw new HandOverException(what + " ends too early");
        }
    }

    /**
     * Reads a boolean.
     *
     * @return the value
     * @throws HandOverException when it is neither 0 nor 1, or the content has ended
     */
    public boolean flag() throws HandOverException {
        byte value = part(bytes::get);
        if (value != 0 && value != 1) {
            throw new HandOverException(what + " has " + value + " instead of 0 or 1");
        }
        return value == 1;
    }

    /**
     * Reads a 32-bit number.
     *
     * @return the value
     * @throws HandOverException when the content has ended
     */
    public int number() throws HandOverException {
        return part(bytes::getInt);
    }

    /**
     * Reads a count.
     *
     * @param most maximum count
     * @return 0 to {@code most}
     * @throws HandOverException when the count is larger
     */
    public int count(int most) throws HandOverException {
        int value = number();
        if (value < 0 || value > most) {
            throw new HandOverException(
                    what + " has a count of " + Integer.toUnsignedString(value) + "; the maximum is " + most);
        }
        return value;
    }

    /**
     * Reads a 64-bit number.
     *
     * @return the value
     * @throws HandOverException when the content has ended
     */
    public long word() throws HandOverException {
        return part(bytes::getLong);
    }

    /**
     * Reads a block of bytes with a preceding length.
     *
     * @return a copy of the bytes
     * @throws HandOverException when the content ends within the block
     */
    public byte[] block() throws HandOverException {
        byte[] value = new byte[count(bytes.remaining() - Integer.BYTES)];
        part(() -> bytes.get(value));
        return value;
    }

    /**
     * Reads a text.
     *
     * @return the text
     * @throws HandOverException when the content ends within the text
     */
    public String text() throws HandOverException {
        return new String(block(), StandardCharsets.UTF_8);
    }

    /**
     * Reads an optional descriptor.
     *
     * @return the descriptor, which the caller owns from now on; null for none
     * @throws HandOverException when the descriptor was not received
     */
    public @Nullable Fd descriptor() throws HandOverException {
        if (!flag()) {
            return null;
        }
        Fd next = descriptors.poll();
        if (next == null) {
            throw new HandOverException(what + " lacks descriptors");
        }
        return next;
    }

    /**
     * Checks that everything was read.
     *
     * @throws HandOverException when part of the content was not read
     */
    public void end() throws HandOverException {
        if (bytes.hasRemaining() || !descriptors.isEmpty()) {
            throw new HandOverException(
                    what + " has " + bytes.remaining() + " bytes and " + descriptors.size() + " descriptors too many");
        }
    }

    /** Closes the descriptors that were not read. */
    @Override
    public void close() {
        descriptors.forEach(Fd::close);
        descriptors.clear();
    }
}
