// SPDX-License-Identifier: Apache-2.0
/**
 * The running back-end: sockets, connections and devices, wired to one lane.
 *
 * <p>Everything here but the methods of {@link org.vhost4j.vhostuser.server.Backend} is entered by the lane's thread only. A
 * session's effects therefore take place between two bursts, and its reply goes out after them, without a lock or a hand-over.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.vhostuser.server;
