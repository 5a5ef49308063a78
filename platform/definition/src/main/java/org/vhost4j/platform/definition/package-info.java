// SPDX-License-Identifier: Apache-2.0
/**
 * Machines, platforms, and how they, the device and the operator's settings decide what a guest is promised. Everything here
 * is immutable after loading: any thread may enter.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.platform.definition;
