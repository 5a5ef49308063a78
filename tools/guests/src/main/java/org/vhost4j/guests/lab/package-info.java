// SPDX-License-Identifier: Apache-2.0
/** Real guests of the lab in {@code tools/lab}, booted and spoken to from Java. One thread for each guest. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.guests.lab;
