// SPDX-License-Identifier: Apache-2.0
/**
 * An event loop for descriptors: netty's native epoll loop with handles of our own, and Unix stream sockets that carry
 * descriptors.
 *
 * <p>All objects belong to the thread of one {@link org.vhost4j.host.io.IoLoop} and are entered by that thread only.
 * {@link org.vhost4j.host.io.IoLoop#execute}, {@link org.vhost4j.host.io.IoLoop#submit}, {@link
 * org.vhost4j.host.io.IoLoop#schedule} and {@link org.vhost4j.host.io.IoLoop#close} may be called by any thread.
 *
 * <p>No exception of a handler or a task reaches netty, because its loop would pause for one second after an exception
 * and lose the other events of the batch, and would end after an {@link Error}.
 */
@NullMarked
package org.vhost4j.host.io;

import org.jspecify.annotations.NullMarked;
