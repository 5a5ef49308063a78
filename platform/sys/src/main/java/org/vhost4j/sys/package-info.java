// SPDX-License-Identifier: Apache-2.0
/**
 * The one place that calls the C library.
 *
 * <p>Two files cross the border: {@link org.vhost4j.sys.LibC} binds the cold calls through JNA's direct mapping,
 * {@link org.vhost4j.sys.HotCalls} the few hot ones through {@code java.lang.foreign}. Both answer as the kernel does,
 * with a result or a negative errno; {@link org.vhost4j.sys.SystemError} is thrown at the edge, where it is known what
 * was attempted and why.
 *
 * <p>Threads: static methods may be entered by any thread. An object belongs to one thread at a time, except that
 * {@link org.vhost4j.sys.Fd#close} and {@link org.vhost4j.sys.MappedFile#close} may be called by any thread
 * and take effect once.
 */
@NullMarked
package org.vhost4j.sys;

import org.jspecify.annotations.NullMarked;
