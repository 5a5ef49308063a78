// SPDX-License-Identifier: Apache-2.0
/**
 * The protocol by which one back-end takes over all guests and ports from another, and its encoding.
 *
 * <p>A Unix stream of messages, each with magic, version, type, length and a CRC-32 of its content, and with descriptors that
 * come with its header (SCM_RIGHTS). The old back-end listens, the new one connects; both must be of one user.
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
 * <p>Before COMMIT either side may send REFUSED with a reason of one line, or close the connection; then the old one
 * keeps its guests.
 *
 * <p>A channel belongs to one thread, which may block and is not a lane.
 */
@NullMarked
package org.vhost4j.vhostuser.handover;

import org.jspecify.annotations.NullMarked;
