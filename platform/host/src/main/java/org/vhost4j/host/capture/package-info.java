// SPDX-License-Identifier: Apache-2.0
/**
 * Writes the frames that {@link org.vhost4j.device.capture} has copied to a file or a pipe, in pcapng
 * (draft-ietf-opsawg-pcapng).
 *
 * <p>Any thread may start and stop a {@link org.vhost4j.host.capture.Capture}, whose own thread writes. Lanes call only its taps.
 */
@NullMarked
package org.vhost4j.host.capture;

import org.jspecify.annotations.NullMarked;
