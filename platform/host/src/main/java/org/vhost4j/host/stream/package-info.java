// SPDX-License-Identifier: Apache-2.0
/**
 * Ports over a stream socket on which each frame is preceded by its length, as in QEMU's {@code -netdev stream}.
 *
 * <p>{@link org.vhost4j.host.stream.StreamPort} belongs to the lane that it is attached to: only that lane's thread
 * enters it. Its owner connects it, also after the connection was lost.
 */
@NullMarked
package org.vhost4j.host.stream;

import org.jspecify.annotations.NullMarked;
