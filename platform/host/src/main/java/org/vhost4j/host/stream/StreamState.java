// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.stream;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.bridge.HeldFrame;

/**
 * The state of a {@link StreamPort} in its connection, with which another process can continue the connection.
 *
 * @param unread bytes that were received and not processed: frames with their lengths, the last one possibly incomplete
 * @param unwritten bytes that wait for room in the socket; they can start with the rest of a partly written frame
 * @param whole offset in {@code unwritten} of the length field of the first complete frame
 * @param held a frame that was received and waits for room at its receiver; null for none
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
public record StreamState(
        byte[] unread,
        byte[] unwritten,
        int whole,
        @Nullable HeldFrame held) {}
