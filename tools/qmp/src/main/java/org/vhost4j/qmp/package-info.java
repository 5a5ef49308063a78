// SPDX-License-Identifier: Apache-2.0
/**
 * The monitor of {@code vhost4j run --qmp}: a server of the QEMU Machine Protocol (QEMU docs/interop/qmp-spec.rst).
 *
 * <p>The monitor has its own threads: one accepts clients, one distributes events, and each client has one that reads
 * and answers and one that writes events. They are platform threads, because a client that keeps the parser busy must
 * not block the virtual threads of other clients. A lane enters only {@link org.vhost4j.qmp.QmpEvents}, which never
 * blocks; queries of a lane run between its bursts.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.qmp;
