// SPDX-License-Identifier: Apache-2.0
/**
 * The rates of ports, measured while the back-end runs: a separate thread reads the counters of all ports every few seconds and keeps the
 * last minutes. Lanes are not involved, and there is no work for each frame. Any thread may read.
 */
package org.vhost4j.qmp.rates;
