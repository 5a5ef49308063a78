// SPDX-License-Identifier: Apache-2.0
/**
 * Events of the JDK's Flight Recorder, category {@code vhost4j}: events of guests' devices. There is no event per
 * frame, and the fields of an event that is not recorded are not set.
 *
 * <p>Any thread may use the classes, which have no state.
 */
@NullMarked
package org.vhost4j.vhostuser.event;

import org.jspecify.annotations.NullMarked;
