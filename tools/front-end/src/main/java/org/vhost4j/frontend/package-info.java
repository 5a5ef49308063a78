// SPDX-License-Identifier: Apache-2.0
/**
 * A vhost-user front-end that replaces QEMU for tests of a back-end, without a guest. It connects or listens, negotiates any features, owns
 * guest memory, drives the queues and exchanges frames. It can also violate every rule of the protocol, to test a back-end.
 *
 * <pre>{@code
 * static byte[] roundTrip(Path socket, byte[] frame) {
 *     NetSetup setup = NetSetup.full().packed().withProtocol(ProtocolFeature.CONFIGURE_MEM_SLOTS);
 *     try (Rendezvous rendezvous = Rendezvous.connecting(socket);
 *             NetDriver driver = NetDriver.attach(rendezvous.connectServed(Duration.ofSeconds(10)), setup)) {
 *         Ram plugged = driver.guestRam().plug(4 << 20);
 *         driver.sendFrom(0, plugged);
 *         driver.send(0, frame, DriverHeader.PLAIN, ChainShape.pieces(100));
 *         return driver.receive().bytes();
 *     }
 * }
 * }</pre>
 *
 * <p>From below: {@link org.vhost4j.frontend.FrontEndSocket} carries bytes and descriptors, {@link
 * org.vhost4j.frontend.FrontEndConnection} requests and answers, {@link org.vhost4j.frontend.FrontEnd} has a method for
 * each request, {@link org.vhost4j.frontend.NetDriver} is a whole network driver on top ({@link
 * org.vhost4j.frontend.NetQueues} are its queues), whose rings are those of {@code org.vhost4j.device.driver}. Next to
 * it, each with the requests of one concern: {@link org.vhost4j.frontend.GuestRam} (regions that are added and
 * removed), {@link org.vhost4j.frontend.FrontEndIommu}, {@link org.vhost4j.frontend.DirtyLog}, {@link
 * org.vhost4j.frontend.InflightArea}, {@link org.vhost4j.frontend.Postcopy} and {@link
 * org.vhost4j.frontend.DeviceState}. Errors of a back-end are reported as a {@link
 * org.vhost4j.frontend.FrontEndException}, or, in a ring, as a {@code DeviceViolationException}.
 *
 * <p>It shares names and layouts with the device's code, but no logic, so that the same mistake is not made on both
 * sides.
 *
 * <p>Calls block until they are done or their deadline has passed. An object belongs to one thread at a time; only {@code
 * Postcopy} has a thread of its own.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.frontend;
