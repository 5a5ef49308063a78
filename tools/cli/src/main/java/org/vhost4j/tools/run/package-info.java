// SPDX-License-Identifier: Apache-2.0
/** The command {@code vhost4j run}: reads the options, runs a back-end, and prints a line for each event. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.tools.run;
