// SPDX-License-Identifier: Apache-2.0
/**
 * Captures: what {@link org.vhost4j.device.capture} has copied goes to a file or a pipe, in pcapng (draft-ietf-opsawg-pcapng).
 *
 * <p>{@link org.vhost4j.host.capture.Capture} is started and stopped by any thread, and has a thread of its own that writes. Lanes enter
 * only its taps.
 */
@NullMarked
package org.vhost4j.host.capture;

import org.jspecify.annotations.NullMarked;
