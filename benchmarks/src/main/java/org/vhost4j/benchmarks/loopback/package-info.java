// SPDX-License-Identifier: Apache-2.0
/** Devices and drivers on one thread, without a front-end, for benchmarks. An object belongs to the thread that created it. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.benchmarks.loopback;
