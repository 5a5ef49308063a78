// SPDX-License-Identifier: Apache-2.0
/**
 * A vhost-user front-end: what QEMU is to a back-end, without a guest. It connects or listens, negotiates anything, owns
 * guest memory, drives the queues and exchanges frames, and it can break every rule on purpose.
 *
 * <p>Calls block until they are done or their deadline has passed. An object belongs to one thread at a time.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.tools.frontend;
