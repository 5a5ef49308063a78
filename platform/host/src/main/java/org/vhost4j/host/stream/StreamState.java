// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.stream;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.bridge.HeldFrame;

/**
 * How far a {@link StreamPort} is in its connection, for another process.
 *
 * @param unread what has come and was not looked at: lengths and frames, the last perhaps in part
 * @param unwritten what waits for room in the socket; it can begin with the rest of a frame
 * @param whole offset in {@code unwritten} of the first frame that is there with its length
 * @param held a frame that has come and waits for room at its receiver; null for none
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
public record StreamState(
        byte[] unread,
        byte[] unwritten,
        int whole,
        @Nullable HeldFrame held) {}
