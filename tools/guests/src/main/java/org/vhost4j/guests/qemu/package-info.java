// SPDX-License-Identifier: Apache-2.0
/**
 * What real QEMUs make of feature bits: a QEMU without a guest whose virtio devices are driven from here, a back-end that offers
 * anything and records what it receives, and the table of which bits pass between the two.
 *
 * <p>Calls block until they are done. An object belongs to one thread at a time.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.guests.qemu;
