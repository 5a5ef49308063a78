// SPDX-License-Identifier: Apache-2.0
/** The command {@code vhost4j demo}. Single-threaded. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.tools.demo;
