// SPDX-License-Identifier: Apache-2.0
/**
 * Ports over AF_XDP: frames cross memory that is shared with the kernel (Documentation/networking/af_xdp.rst), without a system call for
 * each.
 *
 * <p>{@link org.vhost4j.host.xdp.XdpPort} belongs to the lane to which it is attached: only that lane's thread uses it.
 */
@NullMarked
package org.vhost4j.host.xdp;

import org.jspecify.annotations.NullMarked;
