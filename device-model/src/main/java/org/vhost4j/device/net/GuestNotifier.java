// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

/**
 * Interrupts a guest for one queue: signals the call descriptor of vhost-user, or does nothing when the driver polls.
 */
@FunctionalInterface
public interface GuestNotifier {
    /** The notifier of a queue whose driver wants no interrupts. */
    GuestNotifier NONE = () -> {};

    /** Raises the interrupt. Must not block. */
    void signal();
}
