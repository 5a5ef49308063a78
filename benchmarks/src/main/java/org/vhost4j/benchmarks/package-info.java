// SPDX-License-Identifier: Apache-2.0
/** JMH benchmarks of individual components. They depend only on the device model, and no other module depends on them. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.benchmarks;
