// SPDX-License-Identifier: Apache-2.0
/**
 * The vhost-user message codec (vhost-user protocol, "Message Specification"): headers, payloads, framing. All numbers
 * are in the machine's byte order, as the protocol requires.
 *
 * <p>The package does no I/O. The enums and the payload records are immutable: any thread may use them. A {@link
 * org.vhost4j.vhostuser.wire.MessageReader} and a {@link org.vhost4j.vhostuser.wire.Message} belong to the one thread
 * that serves their connection.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.vhostuser.wire;
