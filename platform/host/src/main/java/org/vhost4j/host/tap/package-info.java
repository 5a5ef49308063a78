// SPDX-License-Identifier: Apache-2.0
/**
 * Ports to the host's network stack through a TAP interface.
 *
 * <p>{@link org.vhost4j.host.tap.TapDevice} opens and configures a TAP, on any thread, before or after the port uses it.
 * {@link org.vhost4j.host.tap.TapPort} moves frames through it and belongs to the lane to which it is attached: only that lane's thread
 * uses it.
 */
@NullMarked
package org.vhost4j.host.tap;

import org.jspecify.annotations.NullMarked;
