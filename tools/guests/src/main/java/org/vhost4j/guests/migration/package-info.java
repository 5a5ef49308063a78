// SPDX-License-Identifier: Apache-2.0
/**
 * Live migration of guests between two QEMUs and two back-ends, with a checked stream of frames. It measures the cost of a migration and
 * checks that the back-end marked every page that it wrote.
 *
 * <p>{@link org.vhost4j.guests.migration.MigrationLab} is the entry.
 */
@NullMarked
package org.vhost4j.guests.migration;

import org.jspecify.annotations.NullMarked;
