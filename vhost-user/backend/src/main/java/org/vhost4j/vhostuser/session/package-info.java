// SPDX-License-Identifier: Apache-2.0
/**
 * The vhost-user session: a pure state machine. {@link org.vhost4j.vhostuser.session.Session} takes requests and gives
 * replies, {@link org.vhost4j.vhostuser.session.SessionEffects} is where its effects take place. One thread at a time
 * may enter a session; the enums and records are immutable and open to all.
 *
 * <h2>How errors are answered</h2>
 *
 * <p>A rule of the protocol that was broken ends the connection, with one line that names the request, the value and the rule. A
 * well-formed request that cannot be done here is answered, reported in one line, and the connection stays. Either way every
 * descriptor that came with the message is closed. An acknowledgement goes out only to a front-end that acknowledged REPLY_ACK
 * and set need_reply; a request with a reply of its own is never acknowledged.
 *
 * <table>
 * <caption>Errors</caption>
 * <tr><th>what is wrong</th><th>answer</th><th>connection</th></tr>
 * <tr><td>version, reply flag, unknown flag, payload over 4096 bytes, more than 8 descriptors, descriptors after the first byte,
 *     end inside a message ({@link org.vhost4j.vhostuser.wire.MessageReader})</td><td>none: the stream is not to be
 *     trusted</td><td>ends</td></tr>
 * <tr><td>unknown request</td><td>none: the format of its reply is unknown</td><td>ends</td></tr>
 * <tr><td>request of a feature that was not acknowledged, or that no network device serves</td><td>ack 1</td><td>ends</td></tr>
 * <tr><td>wrong payload size, missing or surplus descriptor</td><td>ack 1</td><td>ends</td></tr>
 * <tr><td>feature or protocol feature acknowledged that was not offered, or changed while a ring is started, except for
 *     LOG_ALL</td><td>ack 1</td><td>ends</td></tr>
 * <tr><td>memory region that is empty, wraps, overlaps, lies beyond its file, cannot be mapped, is one too many, or must be
 *     removed and does not exist</td><td>ack 1</td><td>ends</td></tr>
 * <tr><td>log of dirty pages without a file, that is empty, wraps, lies beyond its file, cannot be mapped, or does not cover the memory
 *     table: QEMU does not look at what SET_LOG_BASE is answered, and would migrate without what is not
 *     logged</td><td>none</td><td>ends</td></tr>
 * <tr><td>ring that does not exist; size, base, address, alignment, enable value or flag that is not allowed; size or base of a
 *     started ring; SET_VRING_KICK before features, size, addresses or memory; a kick, call or err descriptor that cannot be
 *     used</td><td>ack 1</td><td>ends</td></tr>
 * <tr><td>device status of more than 8 bits, config flags, config size that is not the payload's</td><td>ack
 *     1</td><td>ends</td></tr>
 * <tr><td>GET_CONFIG outside the config space, or refused by the device</td><td>a reply with an empty
 *     payload</td><td>stays</td></tr>
 * <tr><td>SET_CONFIG outside the config space or to a read-only field; an MTU or an announcement that the device
 *     refuses</td><td>ack 1</td><td>stays</td></tr>
 * <tr><td>SET_DEVICE_STATE_FD with another direction or phase than there are, while a ring is started, or while earlier transfers
 *     hang</td><td>a reply with error 1</td><td>stays</td></tr>
 * <tr><td>CHECK_DEVICE_STATE when the state is damaged, of an unknown version, not transferred in full, or of a guest that was promised
 *     something else</td><td>a reply of 1</td><td>stays</td></tr>
 * <tr><td>memory table without the addresses of a ring that runs</td><td>ack 0; the ring is suspended with a report, and continues
 *     when the addresses are back</td><td>stays</td></tr>
 * </table>
 *
 * <h2>Rules in which front-ends and the specification's versions differ</h2>
 *
 * <ul>
 *   <li>A ring starts at SET_VRING_KICK and is looked at then. SET_VRING_KICK, or other addresses, for a ring that runs start it
 *       again where it was.
 *   <li>SET_VRING_ENABLE is accepted at any time and remembered. SET_FEATURES without PROTOCOL_FEATURES enables all rings.
 *   <li>Per-device requests may come once for each queue pair: what is already so stays so. That includes SET_FEATURES while
 *       rings of another pair are started, if it changes nothing.
 *   <li>SET_LOG_BASE may come before LOG_ALL is acknowledged, as QEMU sends it, or after; the log is kept when LOG_ALL is withdrawn. The
 *       log address of a used ring is I/O virtual behind an IOMMU. A write that the log does not cover stops the device.
 *   <li>RESET_OWNER disables all rings and does no more.
 *   <li>RESET_DEVICE forgets features, status, and all about the rings but their call and err descriptors, which QEMU sends only
 *       once. Memory stays: with CONFIGURE_MEM_SLOTS QEMU sends only changes to it.
 *   <li>need_reply counts if REPLY_ACK is acknowledged once the request has been handled: so SET_PROTOCOL_FEATURES that
 *       acknowledges REPLY_ACK can itself be acknowledged.
 * </ul>
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.vhostuser.session;
