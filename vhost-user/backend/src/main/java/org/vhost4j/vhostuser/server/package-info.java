// SPDX-License-Identifier: Apache-2.0
/**
 * The running back-end: sockets, connections and devices, wired to lanes.
 *
 * <p>A guest's socket, session and device belong to one lane. Everything here but the methods of {@link
 * org.vhost4j.vhostuser.server.Backend} and what listens to it is entered by that lane's thread only. A session's effects therefore
 * take place between two bursts, and its reply goes out after them, without a lock or a hand-over. Lanes meet in two places, without
 * locks: in what their bridges know of stations, and in the rings that take frames from one to the other ({@link
 * org.vhost4j.device.bridge.LaneInbox}). Those are copies: no lane touches the memory of another's guests, so what unmaps it waits for
 * the guest's own lane alone.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.vhostuser.server;
