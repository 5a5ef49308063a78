// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.wire;

/**
 * How large one message may be.
 *
 * @param bytes of all its tokens together
 * @param tokens the number of tokens
 * @param nesting objects and arrays within each other
 */
public record MessageLimits(int bytes, int tokens, int nesting) {
    /** What QEMU allows. */
    public static final MessageLimits QEMU = new MessageLimits(64 << 20, 2 << 20, 1024);
}
