// SPDX-License-Identifier: Apache-2.0
/**
 * Descriptors on an event loop: netty's native epoll loop with handles of our own, and Unix stream sockets that carry
 * descriptors.
 *
 * <p>Threads: everything here belongs to the thread of one {@link org.vhost4j.host.io.IoLoop} and is entered by that thread
 * only. {@link org.vhost4j.host.io.IoLoop#execute}, {@link org.vhost4j.host.io.IoLoop#submit},
 * {@link org.vhost4j.host.io.IoLoop#schedule} and {@link org.vhost4j.host.io.IoLoop#close} are the ways in from
 * outside.
 *
 * <p>Nothing that a handler or a task throws reaches netty. Its loop would answer an exception with a pause of one second and
 * the loss of the other events of the batch, and an {@link Error} with its own end.
 */
@NullMarked
package org.vhost4j.host.io;

import org.jspecify.annotations.NullMarked;
