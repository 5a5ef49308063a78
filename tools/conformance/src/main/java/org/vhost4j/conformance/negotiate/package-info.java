// SPDX-License-Identifier: Apache-2.0
/**
 * Acknowledges exactly the given features, on a new connection each time, exchanges frames, and reports whether the back-end accepted,
 * refused or failed. Everything runs in one thread.
 */
@NullMarked
package org.vhost4j.conformance.negotiate;

import org.jspecify.annotations.NullMarked;
