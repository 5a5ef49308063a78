// SPDX-License-Identifier: Apache-2.0
/**
 * Events of the JDK's Flight Recorder, category {@code vhost4j}: what happens to guests' devices. None is for a frame, and one that is not
 * recorded is not filled in.
 *
 * <p>Threads: any. Nothing here keeps a state.
 */
@NullMarked
package org.vhost4j.vhostuser.event;

import org.jspecify.annotations.NullMarked;
