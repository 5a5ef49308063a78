// SPDX-License-Identifier: Apache-2.0
/**
 * The hand-over protocol, by which one back-end takes over all guests and ports from another, and its encoding.
 *
 * <p>Messages are sent over a Unix stream socket. The header of each contains a magic number, type, length and checksums, and carries the
 * descriptors (SCM_RIGHTS); see {@link org.vhost4j.vhostuser.handover.HandOverChannel}. The old back-end listens, the new one connects;
 * both processes must belong to the same user.
 *
 * <pre>
 *   new                                old
 *   HELLO (oldest and newest format) -&gt;
 *                                  &lt;-  OFFER (the promises made to its guests, its sockets and ports)
 *   PREPARE                        -&gt;      or REFUSED, and the old process keeps its guests
 *                                  &lt;-  SETUP (each guest, each port; with descriptors), while frames are forwarded
 *   READY                          -&gt;      memory is mapped, code is compiled
 *                                  &lt;-  POSITIONS; no frame is forwarded from now on
 *   TAKEN                          -&gt;
 *                                  &lt;-  COMMIT: the guests belong to the new process
 * </pre>
 *
 * <p>Before COMMIT either side may send REFUSED with a one-line reason, or close the connection; then the old back-end keeps its guests.
 *
 * <p>A channel belongs to one thread, which may block and is not a lane.
 */
@NullMarked
package org.vhost4j.vhostuser.handover;

import org.jspecify.annotations.NullMarked;
