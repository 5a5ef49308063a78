// SPDX-License-Identifier: Apache-2.0
/**
 * Definitions of machines and platforms. The resolver combines them with the device and the operator's settings to the promise to a guest:
 * the features that it is offered. All objects are immutable after loading, and may be used by any thread.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.platform.definition;
