// SPDX-License-Identifier: Apache-2.0
/**
 * {@code vhost4j probe}: what any back-end offers. It asks and sets nothing up: no owner, no feature, no memory, no ring. One
 * thread does everything.
 */
@NullMarked
package org.vhost4j.tools.probe;

import org.jspecify.annotations.NullMarked;
