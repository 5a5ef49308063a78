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
 *
 * <p>One effect takes longer than a turn: a device's state goes through a pipe that the front-end may leave unread ({@link
 * org.vhost4j.vhostuser.server.DeviceMove}). A thread of that guest's own transfers it, and the reply that waits for it is sent by the
 * lane later; until then nothing more is received from that front-end.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.vhostuser.server;
