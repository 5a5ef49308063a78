// SPDX-License-Identifier: Apache-2.0
/**
 * Observes how real QEMUs handle feature bits. A QEMU without a guest has virtio devices that this package drives, a back-end offers any
 * bits and records the messages that it receives, and the results are tables of the bits that QEMU passes between guest and back-end.
 *
 * <p>Calls block until they are done. An object belongs to one thread at a time.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.guests.qemu;
