// SPDX-License-Identifier: Apache-2.0
/** The command line: a package for each group of commands. No other module imports them. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.tools;
