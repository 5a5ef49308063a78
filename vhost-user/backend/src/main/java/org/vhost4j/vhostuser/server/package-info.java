// SPDX-License-Identifier: Apache-2.0
/**
 * The running back-end: sockets, connections and devices on lanes.
 *
 * <p>A guest's socket, session and device belong to one lane. Everything in this package except the methods of {@link
 * org.vhost4j.vhostuser.server.Backend} and its listeners is entered by that lane's thread only. A session's effects
 * therefore take place between two bursts, and its reply is sent after them, without locks or passing work to other
 * threads. Lanes share two structures, both without locks: the tables of stations of their bridges, and the rings of
 * frames between lanes ({@link org.vhost4j.device.bridge.LaneInbox}). Those frames are copies: no lane accesses the
 * memory of another lane's guests, so only the guest's own lane has to agree before that memory is unmapped.
 *
 * <p>One effect takes longer than a turn: a device's state goes through a pipe that the front-end may leave unread
 * ({@link org.vhost4j.vhostuser.server.DeviceMove}). A separate thread of that guest transfers it, and the lane sends
 * the reply later; until then nothing more is received from that front-end.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.vhostuser.server;
