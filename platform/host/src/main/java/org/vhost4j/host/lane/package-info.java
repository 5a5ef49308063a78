// SPDX-License-Identifier: Apache-2.0
/**
 * Lanes: the threads that move frames.
 *
 * <p>A {@link org.vhost4j.host.lane.Lane} is one thread with one epoll loop and one duty cycle. It owns
 * {@link org.vhost4j.device.Pollable}s, and no other thread uses them. One turn of the duty cycle polls each of them for one burst. While
 * there was work, and for the {@link org.vhost4j.host.lane.IdlePolicy}'s spin time after it, the lane goes straight to the next turn; every
 * 64th turn, and whenever a task waits, it polls epoll without waiting. After the spin time it arms every pollable, so that guests kick
 * again, and polls all of them again after a full fence. Only if there was still no work does it sleep in epoll. It is woken by a kick, a
 * TAP or a task, and disarms when it finds work. A kick eventfd is watched edge-triggered and never read.
 *
 * <p><b>Memory faults.</b> A front-end can shorten the file below a guest's memory at any time. An access to lost memory makes the JVM
 * throw an {@link InternalError}. Compiled code throws it not at the access but at the next safepoint poll, which can be after the
 * {@code catch} around the access. Therefore every call of a pollable, a handler or a task has the form
 *
 * <pre>{@code try { work(); HotCalls.checkpoint(); } catch (Throwable t) { ... }}</pre>
 *
 * The checkpoint is a native call; a pending error is thrown there at the latest. The pollable that was called is the suspect. But it may
 * have been writing to the memory of another pollable, so the lane checks for every pollable whether it is
 * {@linkplain org.vhost4j.device.Pollable#intact intact}. For those that are not, {@link org.vhost4j.device.Pollable#fault fault} is
 * called, and they are removed from the lane; if all are intact, the suspect is removed. The rest of the turn is skipped, and every other
 * pollable is polled in the next one. Any other exception stops the suspect in the same way. The address of the fault determines the owner
 * of the memory; a signal handler that runs before the JVM's own records it. So the owner is also found when its file has the full length
 * but the file system is full, or when the file was shortened and extended again.
 *
 * <p>Between the access and the error the code continues with undefined values. That is harmless, because all values
 * that a guest wrote are checked anyway; but a device must pass a checkpoint before it publishes used buffers.
 *
 * <p>The comments of {@code Lane}'s methods name the threads that may call them; the rest of the package belongs to the lane's thread.
 */
@NullMarked
package org.vhost4j.host.lane;

import org.jspecify.annotations.NullMarked;
