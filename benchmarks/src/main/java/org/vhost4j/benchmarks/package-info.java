// SPDX-License-Identifier: Apache-2.0
/** Benchmarks of parts, with JMH. They know the device model only, and no other module knows them. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.benchmarks;
