// SPDX-License-Identifier: Apache-2.0
/** The program between a QEMU's monitor and its clients, with real QEMUs and real clients. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.tools.monitor;
