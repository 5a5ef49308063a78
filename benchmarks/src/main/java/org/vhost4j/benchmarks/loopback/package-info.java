// SPDX-License-Identifier: Apache-2.0
/**
 * Devices and drivers on one thread, without any front-end: for benchmarks. An object belongs to the thread that
 * made it.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.benchmarks.loopback;
