// SPDX-License-Identifier: Apache-2.0
/** {@code vhost4j capture}: captures of a running back-end, controlled through its monitor. */
@NullMarked
package org.vhost4j.tools.capture;

import org.jspecify.annotations.NullMarked;
