// SPDX-License-Identifier: Apache-2.0
/**
 * {@code vhost4j bench load}: a front-end that generates as much traffic as it can. {@code bench peer} starts it in its own process for
 * measurements that dpdk-testpmd cannot do. One thread works; another reads commands from standard input and answers them. That thread also
 * drains the rings when a command says so.
 */
@NullMarked
package org.vhost4j.bench.load;

import org.jspecify.annotations.NullMarked;
