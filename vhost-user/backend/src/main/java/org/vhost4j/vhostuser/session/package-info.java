// SPDX-License-Identifier: Apache-2.0
/**
 * The vhost-user session: a pure state machine. {@link org.vhost4j.vhostuser.session.Session} handles requests and
 * returns replies, {@link org.vhost4j.vhostuser.session.SessionEffects} implements their effects. One thread at a time
 * may use a session; the enums and records are immutable, and any thread may use them.
 *
 * <h2>Replies to errors</h2>
 *
 * <p>A violation of the protocol ends the connection, and is reported in one line that names the request, the value and the rule. A
 * well-formed request that cannot be executed is answered with an error and reported in one line, and the connection stays. In both cases
 * all descriptors of the message are closed. An acknowledgement is sent only to a front-end that acknowledged REPLY_ACK and set need_reply;
 * a request with a reply of its own is never acknowledged.
 *
 * <table>
 * <caption>Errors</caption>
 * <tr><th>error</th><th>reply</th><th>connection</th></tr>
 * <tr><td>version, reply flag, unknown flag, payload over 4096 bytes, more than 8 descriptors, descriptors after the first byte, end inside
 *     a message ({@link org.vhost4j.vhostuser.wire.MessageReader})</td><td>none: the position of the next message is
 *     unknown</td><td>ends</td></tr>
 * <tr><td>unknown request</td><td>none: the format of its reply is unknown</td><td>ends</td></tr>
 * <tr><td>request of a feature that was not acknowledged, or that network devices do not support</td><td>ack 1</td><td>ends</td></tr>
 * <tr><td>wrong payload size, missing or surplus descriptor</td><td>ack 1</td><td>ends</td></tr>
 * <tr><td>feature or protocol feature acknowledged that was not offered, or changed while a ring is started, except for
 *     LOG_ALL</td><td>ack 1</td><td>ends</td></tr>
 * <tr><td>memory region that is empty, wraps, overlaps, lies beyond its file, cannot be mapped, is one too many, or must be
 *     removed and does not exist</td><td>ack 1</td><td>ends</td></tr>
 * <tr><td>log of dirty pages without a file, that is empty, wraps, lies beyond its file, cannot be mapped, or does not
 *     cover the memory table: QEMU ignores the reply to SET_LOG_BASE, and would migrate without the writes that are not
 *     logged</td><td>none</td><td>ends</td></tr>
 * <tr><td>ring that does not exist; size, base, address, alignment, enable value or flag that is not allowed; size or base of a
 *     started ring; SET_VRING_KICK before features, size, addresses or memory; a kick, call or err descriptor that cannot be
 *     used</td><td>ack 1</td><td>ends</td></tr>
 * <tr><td>device status of more than 8 bits, unknown config flags, config size that differs from the payload's</td><td>ack
 *     1</td><td>ends</td></tr>
 * <tr><td>GET_CONFIG outside the config space, or refused by the device</td><td>a reply with an empty
 *     payload</td><td>stays</td></tr>
 * <tr><td>SET_CONFIG outside the config space or to a read-only field; an MTU or an announcement that the device
 *     refuses</td><td>ack 1</td><td>stays</td></tr>
 * <tr><td>SET_DEVICE_STATE_FD with an undefined direction or phase, while a ring is started, or while earlier transfers
 * are blocked</td><td>a reply with error 1</td><td>stays</td></tr>
 * <tr><td>CHECK_DEVICE_STATE when the state is damaged, of an unknown version, not completely transferred, or of a guest that was promised
 *     other features</td><td>a reply of 1</td><td>stays</td></tr>
 * <tr><td>memory table without the addresses of a ring that runs</td><td>ack 0; the ring is suspended with a report,
 * and resumes when the addresses are in the table again</td><td>stays</td></tr>
 * </table>
 *
 * <h2>Rules in which front-ends and the specification's versions differ</h2>
 *
 * <ul>
 *   <li>A ring starts at SET_VRING_KICK and is polled at once. SET_VRING_KICK, or other addresses, for a running ring
 *       start it again at its position.
 *   <li>SET_VRING_ENABLE is accepted at any time and stored. SET_FEATURES without PROTOCOL_FEATURES enables all rings.
 *   <li>Per-device requests may come once for each queue pair: a repeated request has no effect. That includes
 *       SET_FEATURES while rings of another pair are started, if it changes nothing.
 *   <li>SET_LOG_BASE may come before LOG_ALL is acknowledged, as QEMU sends it, or after; the log is kept when LOG_ALL
 *       is cleared. The log address of a used ring is I/O virtual behind an IOMMU. A write that the log does not cover
 *       stops the device.
 *   <li>RESET_OWNER disables all rings and has no other effect.
 *   <li>RESET_DEVICE resets features, status, and all settings of the rings except their call and err descriptors,
 *       which QEMU sends only once. Memory stays: with CONFIGURE_MEM_SLOTS QEMU sends only changes to it.
 *   <li>need_reply counts if REPLY_ACK is acknowledged once the request has been handled: so SET_PROTOCOL_FEATURES that
 *       acknowledges REPLY_ACK can itself be acknowledged.
 * </ul>
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.vhostuser.session;
