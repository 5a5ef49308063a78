// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.stream;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.bridge.HeldFrame;

/**
 * The position of a {@link StreamPort} in its connection, with which another process can continue it.
 *
 * @param unread bytes that were received and not processed: lengths and frames, the last possibly in part
 * @param unwritten bytes that wait for room in the socket; they can begin with the rest of a frame
 * @param whole offset in {@code unwritten} of the first complete frame with its length
 * @param held a frame that was received and waits for room at its receiver; null for none
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
public record StreamState(
        byte[] unread,
        byte[] unwritten,
        int whole,
        @Nullable HeldFrame held) {}
