// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.io.ByteArrayOutputStream;

/** A builder for a control command, which appends fields in little-endian order. */
final class CommandBytes {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    /** Begins a command with its class and number. */
    CommandBytes(int commandClass, int command) {
        le(commandClass, 1);
        le(command, 1);
    }

    CommandBytes le(long value, int width) {
        for (int i = 0; i < width; i++) {
            bytes.write((int) (value >>> (8 * i)));
        }
        return this;
    }

    CommandBytes le16(int value) {
        return le(value, 2);
    }

    CommandBytes le32(int value) {
        return le(value, 4);
    }

    CommandBytes le64(long value) {
        return le(value, 8);
    }

    CommandBytes zeros(int count) {
        bytes.writeBytes(new byte[count]);
        return this;
    }

    byte[] bytes() {
        return bytes.toByteArray();
    }
}
