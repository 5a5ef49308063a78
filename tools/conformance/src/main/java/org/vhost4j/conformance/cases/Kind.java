// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.function.Supplier;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.PacketBuilder;

/** The protocols of a frame, with the features that allow it to be a super-frame. */
enum Kind {
    TCP4("tcp4", PacketBuilder::tcp4, Feature.HOST_TSO4, Feature.GUEST_TSO4, DriverHeader.GSO_TCPV4, 20),
    TCP6("tcp6", PacketBuilder::tcp6, Feature.HOST_TSO6, Feature.GUEST_TSO6, DriverHeader.GSO_TCPV6, 0),
    UDP4("udp4", PacketBuilder::udp4, Feature.HOST_USO, Feature.GUEST_USO4, DriverHeader.GSO_UDP_L4, 20),
    UDP6("udp6", PacketBuilder::udp6, Feature.HOST_USO, Feature.GUEST_USO6, DriverHeader.GSO_UDP_L4, 0);

    private static final int MAX_IP_LENGTH = 65535;

    private final String label;

    @SuppressWarnings("ImmutableEnumChecker") // A constructor reference has no state.
    private final Supplier<PacketBuilder> builder;

    private final Feature host;
    private final Feature guest;
    private final int gsoType;
    private final int countedHeader;

    Kind(String label, Supplier<PacketBuilder> builder, Feature host, Feature guest, int gsoType, int countedHeader) {
        this.label = label;
        this.builder = builder;
        this.host = host;
        this.guest = guest;
        this.gsoType = gsoType;
        this.countedHeader = countedHeader;
    }

    /** Returns a name such as {@code tcp4}. */
    String label() {
        return label;
    }

    /** Returns the name of its segmentation offload: {@code tso4}, {@code uso6} and so on. */
    String offload() {
        return (tcp() ? "tso" : "uso") + label.charAt(label.length() - 1);
    }

    boolean tcp() {
        return gsoType != DriverHeader.GSO_UDP_L4;
    }

    PacketBuilder builder() {
        return CaseContext.addressed(builder.get());
    }

    /** Returns the feature by which the device accepts super-frames of this kind. */
    Feature host() {
        return host;
    }

    /** Returns the feature by which the driver accepts super-frames of this kind. */
    Feature guest() {
        return guest;
    }

    int gsoType() {
        return gsoType;
    }

    /** Returns the maximum payload, in bytes, that the IP header's length field allows. */
    int largestPayload() {
        return MAX_IP_LENGTH - countedHeader - (tcp() ? 20 : 8);
    }
}
