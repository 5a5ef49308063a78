// SPDX-License-Identifier: Apache-2.0
/**
 * {@code vhost4j qemu}: QEMU's command line with a platform. A small program in C ({@code src/main/c/vhost4j-qemu.c})
 * passes the command line to this package and executes the answer: it prints a text and ends, or becomes QEMU.
 *
 * <p>Words are text in ISO-8859-1, one char for each byte: so every byte of the caller's words is preserved, in any
 * locale.
 */
@NullMarked
package org.vhost4j.tools.start;

import org.jspecify.annotations.NullMarked;
