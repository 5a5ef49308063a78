// SPDX-License-Identifier: Apache-2.0
/**
 * {@code vhost4j probe}: shows what any back-end offers. It only sends requests that read the offer, and sets up
 * nothing: no owner, no feature, no memory, no ring. Single-threaded.
 */
@NullMarked
package org.vhost4j.tools.probe;

import org.jspecify.annotations.NullMarked;
