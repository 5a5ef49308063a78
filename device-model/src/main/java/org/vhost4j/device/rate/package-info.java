// SPDX-License-Identifier: Apache-2.0
/** Limits of how fast frames pass a guest or port. Entered by the lane that owns it. */
@NullMarked
package org.vhost4j.device.rate;

import org.jspecify.annotations.NullMarked;
