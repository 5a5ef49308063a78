// SPDX-License-Identifier: Apache-2.0
/**
 * The offloads of a back-end: packet headers, checksums, and the cutting of super-frames into segments or IP fragments
 * for receivers that do not accept them.
 *
 * <p>An object of this package belongs to one lane and is entered by that lane's thread only; {@link
 * org.vhost4j.device.offload.OffloadCounters} may be read by any thread. No method allocates per frame or throws an
 * exception because of a sender's data: a bad frame has a {@link org.vhost4j.device.offload.BadFrame} reason.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device.offload;
