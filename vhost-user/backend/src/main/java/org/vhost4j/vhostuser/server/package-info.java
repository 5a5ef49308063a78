// SPDX-License-Identifier: Apache-2.0
/**
 * The running back-end: sockets, connections and devices on lanes.
 *
 * <p>A guest's socket, session and device belong to one lane. Only that lane's thread uses the classes of this package, except for
 * {@link org.vhost4j.vhostuser.server.Backend} and its listeners. Therefore a session's effects take place between two bursts, and its
 * reply is sent after them, without locks and without passing work to other threads. Lanes share two structures, both without locks: the
 * forwarding database of their bridges, and the rings of frames between lanes ({@link org.vhost4j.device.bridge.LaneInbox}). Those frames
 * are copies: no lane accesses the memory of another lane's guests, so memory is unmapped as soon as the guest's own lane has stopped using
 * it.
 *
 * <p>One effect takes longer than a turn: a device's state is transferred through a pipe that the front-end may leave unread
 * ({@link org.vhost4j.vhostuser.server.DeviceMove}). A separate thread for that guest transfers it, and the lane sends the reply later.
 * Until then no further message is received from that front-end.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.vhostuser.server;
