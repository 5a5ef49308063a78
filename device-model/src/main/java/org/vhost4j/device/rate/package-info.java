// SPDX-License-Identifier: Apache-2.0
/** Rate limits of guests and ports. Each object belongs to one lane; the records are immutable. */
@NullMarked
package org.vhost4j.device.rate;

import org.jspecify.annotations.NullMarked;
