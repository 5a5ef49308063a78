// SPDX-License-Identifier: Apache-2.0
/**
 * How real QEMUs handle feature bits: a QEMU without a guest whose virtio devices are driven from here, a back-end that offers any bits and
 * records what it receives, and the table of bits that pass between the two.
 *
 * <p>Calls block until they are done. An object belongs to one thread at a time.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.guests.qemu;
