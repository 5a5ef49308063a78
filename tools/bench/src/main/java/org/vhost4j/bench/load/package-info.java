// SPDX-License-Identifier: Apache-2.0
/**
 * A front-end that makes as much traffic as it can: {@code vhost4j bench load}, which {@code bench peer} starts in a process of its
 * own for what dpdk-testpmd cannot do. One thread works; another reads commands from standard input and answers them. Rings are drained
 * on command, by the thread that reads it.
 */
@NullMarked
package org.vhost4j.bench.load;

import org.jspecify.annotations.NullMarked;
