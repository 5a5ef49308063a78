// SPDX-License-Identifier: Apache-2.0
/**
 * Lanes: the threads that move frames.
 *
 * <p>A {@link org.vhost4j.host.lane.Lane} is one thread with one epoll loop and one duty cycle. It owns
 * {@link org.vhost4j.device.Pollable}s, and no other thread uses them. One turn of the duty cycle polls each of them for one
 * burst. While there was work, and for the {@link org.vhost4j.host.lane.IdlePolicy}'s spin time after it, the lane goes
 * straight to the next turn; every 64th turn, and whenever a task waits, it looks at epoll without waiting. After that it arms
 * every pollable, so that guests kick again, polls all of them again after a full fence, and only when there was nothing
 * sleeps in epoll. It is woken by a kick, a TAP or a task, and disarms when it finds work. A kick eventfd is watched by edge and
 * never read.
 *
 * <p><b>What a fault does.</b> A front-end can shorten the file below a guest's memory at any time. Touching what is lost makes
 * the JVM throw an {@link InternalError}, and compiled code throws it not at the access but at the next safepoint poll, which can
 * lie after the {@code catch} around the access. Therefore every entry into a pollable, a handler or a task has the form
 *
 * <pre>{@code try { work(); HotCalls.checkpoint(); } catch (Throwable t) { ... }}</pre>
 *
 * in which the checkpoint, a native call, is where an owed error comes due at the latest. The pollable that was entered is the
 * suspect; but it may have been writing into another's memory, so all of the lane's pollables are asked whether they are
 * {@linkplain org.vhost4j.device.Pollable#intact intact}. On the others {@link org.vhost4j.device.Pollable#fault fault} is
 * called, and they leave the lane; only when all are does the suspect. The rest of the turn is dropped, and every other pollable
 * is polled in the next one. Any other exception stops the suspect in the same way. What counts is where the fault was, which a
 * handler before the JVM's own records: so the owner is found also when its file is as long as ever and the file system is full,
 * or when the file was shortened and is long again.
 *
 * <p>Between the access and the error the code runs on with garbage. That adds no danger, since nothing that a guest wrote is
 * believed anyway; but a device must pass a checkpoint of its own before it publishes.
 *
 * <p>Threads: {@code Lane}'s methods say who may call them; the rest of the package belongs to the lane's thread.
 */
@NullMarked
package org.vhost4j.host.lane;

import org.jspecify.annotations.NullMarked;
