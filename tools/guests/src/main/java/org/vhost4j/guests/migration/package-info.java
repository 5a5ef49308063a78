// SPDX-License-Identifier: Apache-2.0
/**
 * Guests that move: two QEMUs, two back-ends and a checked stream of frames, to measure the cost of a live migration and to check that the
 * back-end marked every page that it wrote.
 *
 * <p>{@link org.vhost4j.guests.migration.MigrationLab} is the entry.
 */
@NullMarked
package org.vhost4j.guests.migration;

import org.jspecify.annotations.NullMarked;
