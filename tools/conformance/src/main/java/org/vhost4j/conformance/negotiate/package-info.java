// SPDX-License-Identifier: Apache-2.0
/**
 * Acknowledges exactly the given features, on a fresh connection each time, passes frames through what
 * came of it, and says whether the back-end accepted, refused or broke. One thread does everything.
 */
@NullMarked
package org.vhost4j.conformance.negotiate;

import org.jspecify.annotations.NullMarked;
