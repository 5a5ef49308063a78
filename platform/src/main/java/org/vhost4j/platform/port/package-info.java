// SPDX-License-Identifier: Apache-2.0
/** Ports that use the host: the kernel's TAP. Entered by the lane that owns the port. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.platform.port;
