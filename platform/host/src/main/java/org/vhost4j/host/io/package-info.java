// SPDX-License-Identifier: Apache-2.0
/**
 * An event loop for descriptors: Netty's native epoll loop with this package's own handles, and Unix stream sockets that carry descriptors.
 *
 * <p>All objects belong to the thread of one {@link org.vhost4j.host.io.IoLoop} and are used by that thread only.
 * {@link org.vhost4j.host.io.IoLoop#execute}, {@link org.vhost4j.host.io.IoLoop#submit}, {@link org.vhost4j.host.io.IoLoop#schedule} and
 * {@link org.vhost4j.host.io.IoLoop#close} may be called by any thread.
 *
 * <p>No exception of a handler or a task reaches Netty. After an exception its loop would pause for one second and lose the other events of
 * the batch; after an {@link Error} it would end.
 */
@NullMarked
package org.vhost4j.host.io;

import org.jspecify.annotations.NullMarked;
