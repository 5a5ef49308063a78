// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.wire;

/**
 * The limits of one message.
 *
 * @param bytes the largest number of bytes of all tokens together
 * @param tokens the largest number of tokens
 * @param nesting the largest nesting depth of objects and arrays
 */
public record MessageLimits(int bytes, int tokens, int nesting) {
    /** QEMU's limits. */
    public static final MessageLimits QEMU = new MessageLimits(64 << 20, 2 << 20, 1024);
}
