// SPDX-License-Identifier: Apache-2.0
/** Benchmarks of parts (JMH) and of the whole beside its peers. Nothing imports these packages. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.benchmarks;
