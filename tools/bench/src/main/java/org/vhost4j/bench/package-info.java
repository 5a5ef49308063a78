// SPDX-License-Identifier: Apache-2.0
/**
 * {@code vhost4j bench}: compares this project's back-end with others as whole processes in one run. One thread runs everything; {@link
 * org.vhost4j.bench.Child} has a second one, which reads the program's output.
 */
@NullMarked
package org.vhost4j.bench;

import org.jspecify.annotations.NullMarked;
