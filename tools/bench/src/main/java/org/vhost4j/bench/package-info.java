// SPDX-License-Identifier: Apache-2.0
/**
 * {@code vhost4j bench}: our back-end and others side by side, as whole processes, in one run. One thread runs everything;
 * {@link org.vhost4j.bench.Child} has a second one for what a program prints.
 */
@NullMarked
package org.vhost4j.bench;

import org.jspecify.annotations.NullMarked;
