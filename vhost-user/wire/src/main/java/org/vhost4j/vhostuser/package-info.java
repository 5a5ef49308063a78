// SPDX-License-Identifier: Apache-2.0
/** The vhost-user protocol: message codec, session state machine, connections. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.vhostuser;
