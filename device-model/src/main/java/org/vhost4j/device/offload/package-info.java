// SPDX-License-Identifier: Apache-2.0
/**
 * The offloads in software: packet headers, checksums, and the segmentation of super-frames, or their division into IP
 * fragments, for receivers that do not accept super-frames.
 *
 * <p>An object of this package belongs to one lane, and only that lane's thread may enter it; {@link
 * org.vhost4j.device.offload.OffloadCounters} may be read by any thread. No method allocates per frame, or throws an
 * exception because of a sender's data: an invalid frame results in a {@link org.vhost4j.device.offload.BadFrame}.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device.offload;
