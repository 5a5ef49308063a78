// SPDX-License-Identifier: Apache-2.0
/** The vhost-user protocol: the codec of its messages, the session of a front-end, the server. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.vhostuser;
