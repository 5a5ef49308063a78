// SPDX-License-Identifier: Apache-2.0
/** What {@code vhost4j bench peer} has measured: figures, statistics, goals, and the three ways to show them. Nothing here measures. */
@NullMarked
package org.vhost4j.bench.result;

import org.jspecify.annotations.NullMarked;
