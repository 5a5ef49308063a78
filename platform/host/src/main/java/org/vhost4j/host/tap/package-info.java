// SPDX-License-Identifier: Apache-2.0
/**
 * A TAP of the host as a port.
 *
 * <p>{@link org.vhost4j.host.tap.TapDevice} opens and configures a TAP, on any thread, before or after the port uses
 * it. {@link org.vhost4j.host.tap.TapPort} moves frames through it and belongs to the lane that it is attached to: only
 * that lane's thread enters it.
 */
@NullMarked
package org.vhost4j.host.tap;

import org.jspecify.annotations.NullMarked;
