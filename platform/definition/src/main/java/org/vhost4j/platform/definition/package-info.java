// SPDX-License-Identifier: Apache-2.0
/**
 * Machines and platforms, and the resolution of them, the device and the operator's settings into the promise to a
 * guest. All objects are immutable after loading: any thread may use them.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.platform.definition;
