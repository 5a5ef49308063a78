// SPDX-License-Identifier: Apache-2.0
/** The results of {@code vhost4j bench peer}: figures, statistics, goals, and three report formats. These classes do not measure. */
@NullMarked
package org.vhost4j.bench.result;

import org.jspecify.annotations.NullMarked;
