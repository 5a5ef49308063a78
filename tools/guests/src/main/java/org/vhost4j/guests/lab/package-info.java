// SPDX-License-Identifier: Apache-2.0
/** Real guests of the lab in {@code tools/lab}, booted and controlled from Java. Each guest is used by one thread at a time. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.guests.lab;
