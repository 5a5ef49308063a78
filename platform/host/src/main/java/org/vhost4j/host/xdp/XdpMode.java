// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.xdp;

/** How frames come between the driver of an interface and the memory of an AF_XDP socket. */
public enum XdpMode {
    /** Without a copy where the driver can, else with one. */
    AUTO,
    /** The kernel copies. Works with every driver. */
    COPY,
    /** The driver reads and writes the memory itself, or the port does not open. */
    ZEROCOPY
}
