// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.conformance.LoopMode;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.FrontEndSocket;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.vhostuser.wire.BackendRequest;
import org.vhost4j.vhostuser.wire.MessageHeader;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * Cases about the back-end's channel, the config space changes that it announces there, and what a front-end writes into the config space.
 */
public final class ChannelCases implements CaseGroup {
    private static final String CHANNEL = "vhost-user, VHOST_USER_SET_BACKEND_REQ_FD";
    private static final String CHANGE = "vhost-user, VHOST_USER_BACKEND_CONFIG_CHANGE_MSG";
    private static final String MTU = "vhost-user, VHOST_USER_NET_SET_MTU";
    private static final int FRAMES = 5;
    /** Mask of the version in a message's flags. */
    private static final int VERSION_MASK = 3;

    /** Invalid MTUs: smaller than virtio 1.4 section 5.1.4 allows, and larger than the field can hold. */
    private static final int[] NO_MTU = {0, 67, 65_536};

    private static final int STATUS_OFFSET = 6;
    private static final int PAIRS_OFFSET = 8;
    /** Offset of the last bytes that GET_CONFIG can request, beyond the config space of any network device. */
    private static final int FAR_OFFSET = 248;

    @Override
    public String title() {
        return "The back-end channel, and config space changes";
    }

    @Override
    public List<Case> cases() {
        List<Case> all = new ArrayList<>();
        for (Case each : List.of(
                Case.of(
                        "channel.closed",
                        "robustness",
                        "a front-end that closes its end of the channel is still served",
                        ChannelCases::closed),
                Case.of(
                        "channel.replaced",
                        CHANNEL,
                        "a second channel replaces the first, and frames are still carried",
                        ChannelCases::replaced),
                Case.of(
                        "channel.unasked-reply",
                        "robustness",
                        "the back-end survives a reply on the channel without a request",
                        ChannelCases::unaskedReply),
                Case.of(
                        "channel.without-config",
                        CHANGE,
                        "without PROTOCOL_F_CONFIG the back-end sends no CONFIG_CHANGE_MSG",
                        context -> changes(context, false)))) {
            all.add(each.needs(ProtocolFeature.BACKEND_REQ));
        }
        all.addAll(List.of(
                Case.of(
                                "channel.config-change",
                                CHANGE,
                                "CONFIG_CHANGE_MSG has no payload, and the changed config space can be read when it arrives",
                                context -> changes(context, true))
                        .needs(ProtocolFeature.BACKEND_REQ, ProtocolFeature.CONFIG),
                Case.of(
                                "device.mtu-invalid",
                                MTU,
                                "an MTU below 68 or above 65535 is answered with an error, and an MTU of 1500 is accepted afterwards",
                                ChannelCases::invalidMtu)
                        .needs(ProtocolFeature.MTU, ProtocolFeature.REPLY_ACK),
                Case.of(
                                "device.config-read-only",
                                "virtio 1.4, 5.1.4",
                                "SET_CONFIG does not change status and max_virtqueue_pairs, which are read-only for the driver",
                                ChannelCases::readOnly)
                        .needs(Feature.STATUS)
                        .needs(ProtocolFeature.CONFIG, ProtocolFeature.REPLY_ACK),
                Case.of(
                                "device.config-outside",
                                "vhost-user, VHOST_USER_GET_CONFIG",
                                "GET_CONFIG beyond the config space is answered with no payload or the requested size",
                                ChannelCases::outside)
                        .needs(ProtocolFeature.CONFIG)));
        return all;
    }

    private static void traffic(CaseContext context, NetDriver driver) {
        if (context.loop() == LoopMode.NONE) {
            TransmitBuffer.of(context, driver).send(FRAMES);
            return;
        }
        for (int i = 0; i < FRAMES; i++) {
            context.exchange(driver, 300 + i);
        }
    }

    private static NetDriver attach(CaseContext context) {
        return context.attach(context.setup().withProtocol(ProtocolFeature.BACKEND_REQ, ProtocolFeature.REPLY_ACK));
    }

    private static void closed(CaseContext context) {
        NetDriver driver = attach(context);
        context.note("SET_BACKEND_REQ_FD, closing that channel, then frames");
        driver.frontEnd().openBackendChannel().close();
        traffic(context, driver);
        // Long enough for a back-end that watches the channel to detect its end.
        context.require(!driver.frontEnd().socket().awaitClosed(context.quiet()), "the back-end closed the connection");
        traffic(context, driver);
    }

    private static void replaced(CaseContext context) {
        NetDriver driver = attach(context);
        for (int i = 0; i < 3; i++) {
            context.note("SET_BACKEND_REQ_FD with a new channel, then frames");
            context.keep(driver.frontEnd().openBackendChannel());
            driver.frontEnd().barrier();
            traffic(context, driver);
        }
    }

    private static void unaskedReply(CaseContext context) {
        NetDriver driver = attach(context);
        FrontEndSocket channel = context.keep(driver.frontEnd().openBackendChannel());
        context.note("SET_BACKEND_REQ_FD, and a reply on it");
        int flags = MessageHeader.VERSION | MessageHeader.REPLY;
        try {
            channel.send(
                    RawMessage.encode(BackendRequest.CONFIG_CHANGE_MSG.code(), flags, FrontEnd.u64(0)),
                    List.of(),
                    context.patience());
            driver.frontEnd().socket().awaitClosed(context.quiet());
        } catch (FrontEndException e) {
            // The back-end may read it, or close one connection or both.
            context.note("then: %s", String.valueOf(e.getMessage()));
        }
    }

    private static void changes(CaseContext context, boolean config) {
        List<ProtocolFeature> wanted =
                new ArrayList<>(List.of(ProtocolFeature.BACKEND_REQ, ProtocolFeature.REPLY_ACK, ProtocolFeature.MTU));
        if (config) {
            wanted.add(ProtocolFeature.CONFIG);
        }
        NetDriver driver = context.negotiated(context.setup().withProtocol(wanted.toArray(ProtocolFeature[]::new)));
        FrontEnd frontEnd = driver.frontEnd();
        FrontEndSocket channel = context.keep(frontEnd.openBackendChannel());
        context.note(
                "SET_BACKEND_REQ_FD, %s PROTOCOL_F_CONFIG, then starting the rings and frames",
                config ? "with" : "without");
        if (ProtocolFeature.MTU.in(frontEnd.protocolFeatures())) {
            frontEnd.netSetMtu(1500);
        }
        driver.start();
        traffic(context, driver);
        int changes = 0;
        for (BackendRequest request : receiveRequests(context, channel)) {
            context.require(
                    request != BackendRequest.CONFIG_CHANGE_MSG || config,
                    "CONFIG_CHANGE_MSG without PROTOCOL_F_CONFIG");
            changes += request == BackendRequest.CONFIG_CHANGE_MSG ? 1 : 0;
        }
        if (changes > 0) {
            context.note("GET_CONFIG after %d changes", changes);
            context.require(
                    frontEnd.getConfig(0, STATUS_OFFSET).length == STATUS_OFFSET,
                    "GET_CONFIG was answered without the requested bytes");
        }
    }

    /** Returns the requests of the back-end, and answers those with need_reply. */
    private static List<BackendRequest> receiveRequests(CaseContext context, FrontEndSocket channel) {
        List<BackendRequest> all = new ArrayList<>();
        while (true) {
            try (RawMessage message = channel.receive(context.quiet())) {
                int flags = message.flags();
                int bytes = message.payload().remaining();
                context.require(
                        (flags & (VERSION_MASK | MessageHeader.REPLY)) == MessageHeader.VERSION,
                        "request %d with flags 0x%x",
                        message.request(),
                        flags);
                BackendRequest request = BackendRequest.ofCode(message.request())
                        .orElseThrow(() -> context.violation("request %d, which does not exist", message.request()));
                context.require(request.payload().allows(bytes), "%s with a payload of %d bytes", request, bytes);
                all.add(request);
                if ((flags & MessageHeader.NEED_REPLY) != 0) {
                    int reply = MessageHeader.VERSION | MessageHeader.REPLY;
                    channel.send(
                            RawMessage.encode(message.request(), reply, FrontEnd.u64(0)),
                            List.of(),
                            context.patience());
                }
            } catch (FrontEndException.TimedOut | FrontEndException.Closed e) {
                return all;
            }
        }
    }

    private static void invalidMtu(CaseContext context) {
        NetDriver driver = context.attach(context.setup().withProtocol(ProtocolFeature.MTU, ProtocolFeature.REPLY_ACK));
        for (int mtu : NO_MTU) {
            context.note("NET_SET_MTU %d with need_reply", mtu);
            boolean refused = false;
            try {
                driver.frontEnd().netSetMtu(mtu);
            } catch (FrontEndException.Refused e) {
                refused = true;
            }
            context.require(refused, "an MTU of %d was answered with 0, success", mtu);
        }
        context.note("NET_SET_MTU 1500 with need_reply");
        driver.frontEnd().netSetMtu(1500);
        TransmitBuffer.of(context, driver).send(1);
    }

    private static void readOnly(CaseContext context) {
        NetDriver driver =
                context.attach(context.setup().withProtocol(ProtocolFeature.CONFIG, ProtocolFeature.REPLY_ACK));
        FrontEnd frontEnd = driver.frontEnd();
        byte[] before = frontEnd.getConfig(STATUS_OFFSET, PAIRS_OFFSET + 2 - STATUS_OFFSET);
        context.note("SET_CONFIG of 4 bytes at %d, which are read-only for a driver", STATUS_OFFSET);
        byte[] other = before.clone();
        for (int i = 0; i < other.length; i++) {
            other[i] ^= 1;
        }
        try {
            frontEnd.setConfig(STATUS_OFFSET, other);
        } catch (FrontEndException.Refused e) {
            context.note("then: %s", String.valueOf(e.getMessage()));
        }
        byte[] after = frontEnd.getConfig(STATUS_OFFSET, before.length);
        context.require(
                Arrays.equals(before, after),
                "the field changed from %s to %s",
                CaseContext.beginning(before),
                CaseContext.beginning(after));
    }

    private static void outside(CaseContext context) {
        FrontEnd frontEnd = context.connect();
        frontEnd.getFeatures();
        frontEnd.setProtocolFeatures(frontEnd.getProtocolFeatures() & ProtocolFeature.CONFIG.mask());
        context.note("GET_CONFIG of 8 bytes at %d", FAR_OFFSET);
        int bytes = frontEnd.getConfig(FAR_OFFSET, 8).length;
        context.note("a payload of %d bytes", bytes);
        frontEnd.barrier();
    }
}
