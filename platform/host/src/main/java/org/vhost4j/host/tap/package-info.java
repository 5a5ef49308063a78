// SPDX-License-Identifier: Apache-2.0
/**
 * Ports that lead out of the process.
 *
 * <p>{@link org.vhost4j.host.tap.TapDevice} opens a TAP and sets it up, on any thread, before or after it is at work.
 * {@link org.vhost4j.host.tap.TapPort} moves frames through it and belongs to the lane that it is attached to: only that
 * lane's thread enters it.
 */
@NullMarked
package org.vhost4j.host.tap;

import org.jspecify.annotations.NullMarked;
