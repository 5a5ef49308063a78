// SPDX-License-Identifier: Apache-2.0
/**
 * What ports do in a second, measured while the back-end runs: a thread of its own reads the counters of all ports every few seconds and
 * keeps the last minutes. No lane is asked, and nothing is done for each frame. Any thread may read.
 */
package org.vhost4j.qmp.rates;
