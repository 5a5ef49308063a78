// SPDX-License-Identifier: Apache-2.0
/** Rate limits of guests and ports. Entered by the lane that owns it. */
@NullMarked
package org.vhost4j.device.rate;

import org.jspecify.annotations.NullMarked;
