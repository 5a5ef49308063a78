// SPDX-License-Identifier: Apache-2.0
/** The command {@code vhost4j run}: options in, a running back-end out, a line for each event. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.tools.run;
