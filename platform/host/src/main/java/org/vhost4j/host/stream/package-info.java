// SPDX-License-Identifier: Apache-2.0
/**
 * Ports over a stream socket on which each frame is preceded by its length, as in QEMU's {@code -netdev stream}.
 *
 * <p>{@link org.vhost4j.host.stream.StreamPort} belongs to the lane to which it is attached: only that lane's thread uses it. Its owner
 * connects it, also again after the connection was lost.
 */
@NullMarked
package org.vhost4j.host.stream;

import org.jspecify.annotations.NullMarked;
