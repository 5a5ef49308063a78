// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.xdp;

/** The way in which frames pass between the driver of an interface and the memory of an AF_XDP socket. */
public enum XdpMode {
    /** Without a copy when the driver supports it, otherwise with one. */
    AUTO,
    /** The kernel copies each frame; works with every driver. */
    COPY,
    /** The driver reads and writes the memory itself; opening fails when it does not support that. */
    ZEROCOPY
}
