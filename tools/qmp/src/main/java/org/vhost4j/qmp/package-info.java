// SPDX-License-Identifier: Apache-2.0
/**
 * The monitor of {@code vhost4j run --qmp}: a server of the QEMU Machine Protocol (QEMU docs/interop/qmp-spec.rst).
 *
 * <p>Threads of its own do everything here: one accepts, one hands out events, and each client has one that reads and answers and
 * one that writes events. They are platform threads, because a client that keeps the parser busy must not keep other clients'
 * virtual threads from their carriers. A lane enters only {@link org.vhost4j.qmp.QmpEvents}, which never blocks; what is
 * asked of a lane is asked between its bursts.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.qmp;
