// SPDX-License-Identifier: Apache-2.0
/** The command {@code vhost4j demo}. One thread. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.tools.demo;
