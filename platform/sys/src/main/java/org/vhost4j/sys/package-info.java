// SPDX-License-Identifier: Apache-2.0
/**
 * Calls of the C library, and objects for descriptors, sockets and mappings.
 *
 * <p>Two classes contain nearly all native bindings: {@link org.vhost4j.sys.LibC} those outside the datapath, through JNA's direct mapping;
 * {@link org.vhost4j.sys.HotCalls} those of the datapath, through {@code java.lang.foreign}. Both return the result of the call or a
 * negative errno; callers, which know the failed operation, throw {@link org.vhost4j.sys.SystemError}.
 *
 * <p>Any thread may call static methods. An object belongs to one thread at a time, except that {@link org.vhost4j.sys.Fd#close} and
 * {@link org.vhost4j.sys.MappedFile#close} may be called by any thread and take effect once.
 */
@NullMarked
package org.vhost4j.sys;

import org.jspecify.annotations.NullMarked;
