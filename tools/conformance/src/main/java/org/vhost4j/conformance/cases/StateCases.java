// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.frontend.DeviceState;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.vhostuser.wire.MessageHeader;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

/**
 * Cases about the state that migrates with a guest in addition to its memory: the back-end's own state, and the
 * announcement of the guest's new location.
 */
public final class StateCases implements CaseGroup {
    private static final String STATE = "vhost-user, Migrating back-end state";
    private static final String RARP = "vhost-user, VHOST_USER_SEND_RARP";
    private static final int MANY_ANNOUNCEMENTS = 10_000;
    /** Number of transfers: more than the default limit of descriptors of a process. */
    private static final int MANY_LOADS = 1100;

    private static final int OVERSIZE = 16 << 20;
    private static final byte[] GUEST = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

    @Override
    public String title() {
        return "Migration: the back-end's state, and SEND_RARP";
    }

    @Override
    public List<Case> cases() {
        List<Case> all = new ArrayList<>();
        for (Case each : List.of(
                Case.of(
                        "announce.before-features",
                        RARP,
                        "SEND_RARP is accepted before SET_FEATURES and SET_MEM_TABLE, when QEMU sends the first one",
                        StateCases::beforeFeatures),
                Case.of(
                        "announce.many",
                        RARP,
                        "%d SEND_RARP do not delay the guest's frames".formatted(MANY_ANNOUNCEMENTS),
                        StateCases::many),
                Case.of(
                        "announce.wrong-address",
                        "robustness",
                        "the back-end survives SEND_RARP for multicast, broadcast and 00:00:00:00:00:00",
                        StateCases::wrongAddress))) {
            all.add(each.needs(ProtocolFeature.RARP));
        }
        for (Case each : List.of(
                Case.of(
                        "state.moves",
                        STATE,
                        "a state that was saved with stopped rings and status 0 can be loaded before SET_FEATURES",
                        StateCases::moves),
                refused("truncated", "half a state", state -> Arrays.copyOf(state, state.length / 2)),
                refused("first-byte-only", "a state that ends after its first byte", state -> Arrays.copyOf(state, 1)),
                refused(
                        "oversized",
                        "a state followed by 16 MiB",
                        state -> Arrays.copyOf(state, state.length + OVERSIZE)),
                refused("unknown", "a state with every bit inverted", StateCases::inverted),
                Case.of(
                        "state.many",
                        "robustness",
                        "refusing %d states leaves no descriptors open".formatted(MANY_LOADS),
                        StateCases::manyLoads))) {
            all.add(each.needs(ProtocolFeature.DEVICE_STATE));
        }
        return all;
    }

    private static Case refused(String name, String what, UnaryOperator<byte[]> change) {
        return Case.of(
                "state." + name,
                STATE,
                what + " is refused by CHECK_DEVICE_STATE, and the back-end continues",
                context -> {
                    byte[] state = saved(context);
                    if (state.length == 0) {
                        // A back-end with an empty state has nothing to refuse.
                        return;
                    }
                    FrontEnd frontEnd = arriving(context);
                    context.note("%s; the saved state has %d bytes", what, state.length);
                    requireRefused(context, frontEnd, change.apply(state));
                    frontEnd.close();
                    // The saved state can still be loaded afterwards.
                    DeviceState.load(arriving(context), state);
                });
    }

    private static byte[] inverted(byte[] state) {
        byte[] other = state.clone();
        for (int i = 0; i < other.length; i++) {
            other[i] = (byte) ~other[i];
        }
        return other;
    }

    private static void requireRefused(CaseContext context, FrontEnd frontEnd, byte[] state) {
        try {
            DeviceState.load(frontEnd, state);
        } catch (FrontEndException e) {
            context.note("then: %s", String.valueOf(e.getMessage()));
            return;
        }
        throw context.violation("the state was accepted");
    }

    /** Returns a connection of a destination at the point at which QEMU loads the state. */
    private static FrontEnd arriving(CaseContext context) {
        FrontEnd frontEnd = context.connect();
        frontEnd.getFeatures();
        frontEnd.setProtocolFeatures(frontEnd.getProtocolFeatures()
                & ProtocolFeature.word(
                        List.of(ProtocolFeature.REPLY_ACK, ProtocolFeature.DEVICE_STATE, ProtocolFeature.RARP)));
        frontEnd.setOwner();
        return frontEnd;
    }

    private static byte[] saved(CaseContext context) {
        NetDriver driver = context.attach(context.setup().withProtocol(ProtocolFeature.DEVICE_STATE));
        TransmitBuffer.of(context, driver).send(3);
        context.note("GET_VRING_BASE for each queue, SET_STATUS 0, SAVE");
        driver.queues().forEach(queue -> queue.stop(driver.frontEnd()));
        if (ProtocolFeature.STATUS.in(driver.frontEnd().protocolFeatures())) {
            driver.frontEnd().setStatus(0);
        }
        byte[] state = DeviceState.save(driver.frontEnd());
        driver.close();
        return state;
    }

    private static void moves(CaseContext context) {
        byte[] state = saved(context);
        FrontEnd frontEnd = arriving(context);
        context.note("LOAD of %d bytes on another connection", state.length);
        DeviceState.load(frontEnd, state);
        NetDriver driver =
                context.keep(NetDriver.attach(frontEnd, context.setup().withProtocol(ProtocolFeature.DEVICE_STATE)));
        TransmitBuffer.of(context, driver).send(3);
    }

    private static void manyLoads(CaseContext context) {
        byte[] state = saved(context);
        if (state.length == 0) {
            return;
        }
        FrontEnd frontEnd = arriving(context);
        byte[] half = Arrays.copyOf(state, state.length / 2);
        context.note("half a state, %d times", MANY_LOADS);
        for (int i = 0; i < MANY_LOADS; i++) {
            try {
                DeviceState.load(frontEnd, half);
            } catch (FrontEndException.Closed e) {
                // Refusing may end the connection.
                frontEnd.close();
                frontEnd = arriving(context);
            } catch (FrontEndException.Refused e) {
                // The expected result.
            }
        }
        frontEnd.close();
        context.note("the whole state");
        DeviceState.load(arriving(context), state);
    }

    private static void beforeFeatures(CaseContext context) {
        FrontEnd frontEnd = arriving(context);
        context.note("SEND_RARP before SET_FEATURES");
        frontEnd.sendRarp(GUEST);
        NetDriver driver =
                context.keep(NetDriver.attach(frontEnd, context.setup().withProtocol(ProtocolFeature.RARP)));
        TransmitBuffer.of(context, driver).send(3);
    }

    private static NetDriver announcing(CaseContext context, int times, byte[] address) {
        NetDriver driver = context.attach(context.setup().withProtocol(ProtocolFeature.RARP));
        byte[] message =
                RawMessage.encode(Request.SEND_RARP.code(), MessageHeader.VERSION, Arrays.copyOf(address, Long.BYTES));
        for (int i = 0; i < times; i++) {
            driver.frontEnd().sendRaw(message, List.of());
        }
        return driver;
    }

    private static void many(CaseContext context) {
        context.note("SEND_RARP, %d times, and a few frames", MANY_ANNOUNCEMENTS);
        NetDriver driver = announcing(context, MANY_ANNOUNCEMENTS, GUEST);
        driver.frontEnd().barrier();
        TransmitBuffer.of(context, driver).send(3);
    }

    private static void wrongAddress(CaseContext context) {
        for (byte[] address :
                List.of(new byte[6], new byte[] {-1, -1, -1, -1, -1, -1}, new byte[] {1, 0, 0x5e, 0, 0, 1})) {
            context.note("SEND_RARP for %s", Arrays.toString(address));
            try {
                NetDriver driver = announcing(context, 1, address);
                driver.frontEnd().barrier();
                TransmitBuffer.of(context, driver).send(3);
                driver.close();
            } catch (FrontEndException e) {
                context.note("then: %s", String.valueOf(e.getMessage()));
            }
        }
    }
}
