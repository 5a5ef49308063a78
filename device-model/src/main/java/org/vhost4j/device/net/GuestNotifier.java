// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

/** Interrupts a guest for one queue: the call descriptor of vhost-user, or nothing when the driver polls. */
@FunctionalInterface
public interface GuestNotifier {
    /** The notifier of a queue whose driver wants no interrupts. */
    GuestNotifier NONE = () -> {};

    /** Raises the interrupt. Must not block. */
    void signal();
}
