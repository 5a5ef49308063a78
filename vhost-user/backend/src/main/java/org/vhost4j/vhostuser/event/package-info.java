// SPDX-License-Identifier: Apache-2.0
/**
 * JDK Flight Recorder events of guests' devices, in the category {@code vhost4j}. There is no event per frame. The fields of an event are
 * set only if a recording enables it.
 *
 * <p>Any thread may use the classes, which have no state.
 */
@NullMarked
package org.vhost4j.vhostuser.event;

import org.jspecify.annotations.NullMarked;
