// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.xdp;

/** The mode in which frames pass between an interface's driver and the UMEM of an AF_XDP socket. */
public enum XdpMode {
    /** Zero-copy mode if the driver supports it, otherwise copy mode. */
    AUTO,
    /** Copy mode: the kernel copies each frame. Works with every driver. */
    COPY,
    /** Zero-copy mode: the driver accesses the UMEM directly. Opening fails if the driver does not support it. */
    ZEROCOPY
}
