// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

/**
 * Raises the interrupts of one queue: signals the call eventfd of vhost-user, or does nothing when the driver polls.
 */
@FunctionalInterface
public interface GuestNotifier {
    /** The notifier of a queue whose driver polls: does nothing. */
    GuestNotifier NONE = () -> {};

    /** Raises the interrupt. Must not block. */
    void signal();
}
