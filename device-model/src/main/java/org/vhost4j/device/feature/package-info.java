// SPDX-License-Identifier: Apache-2.0
/** Virtio and virtio-net feature bits, their names and dependencies. Immutable: any thread may enter. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device.feature;
