// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.List;
import java.util.stream.Stream;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Cases about devices that are reset and front-ends that reconnect. */
public final class ResetCases implements CaseGroup {
    private static final int RUNNING = 15;

    @Override
    public String title() {
        return "Reset and reconnection";
    }

    @Override
    public List<Case> cases() {
        return Case.onBoth(
                Case.of(
                                "reset.device",
                                "vhost-user, VHOST_USER_RESET_DEVICE",
                                "RESET_DEVICE disables all rings, and the device can be initialized again",
                                ResetCases::resetDevice)
                        .needs(ProtocolFeature.RESET_DEVICE)
                        .loops(),
                Case.of(
                                "reset.status",
                                "vhost-user, VHOST_USER_SET_STATUS",
                                "a status of 0 resets the device, and the device can be initialized again",
                                ResetCases::clearStatus)
                        .needs(ProtocolFeature.STATUS)
                        .loops(),
                Case.of(
                                "reset.status-is-kept",
                                "vhost-user, VHOST_USER_GET_STATUS",
                                "GET_STATUS returns what SET_STATUS set",
                                ResetCases::statusIsKept)
                        .needs(ProtocolFeature.STATUS),
                Case.of(
                                "reset.owner",
                                "vhost-user, VHOST_USER_RESET_OWNER",
                                "RESET_OWNER, which is deprecated, should be ignored or disable all rings, and discard nothing",
                                ResetCases::resetOwner)
                        .needs(Feature.PROTOCOL_FEATURES)
                        .loops(),
                Case.of(
                                "reset.driver",
                                "vhost-user, Ring states",
                                "when all rings were stopped and the driver starts with empty rings, the device starts at index 0",
                                ResetCases::newDriver)
                        .loops(),
                Case.of(
                                "reset.reconnect",
                                "vhost-user, Communication",
                                "a second connection with other features and queues is served like the first",
                                ResetCases::reconnect)
                        .loops(),
                Case.of(
                                "reset.vanish",
                                "robustness",
                                "after a front-end disconnects during traffic, the back-end serves the next one",
                                ResetCases::vanish)
                        .loops());
    }

    private static void resetDevice(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        for (int i = 0; i < 3; i++) {
            context.exchange(driver, 300);
            driver.awaitSent();
            context.note("RESET_DEVICE, SET_FEATURES, starting the queues at their last bases, SET_VRING_ENABLE");
            driver.frontEnd().resetDevice();
            driver.frontEnd().setFeatures(driver.frontEnd().features());
            startAgain(driver);
        }
        context.exchange(driver, 300);
    }

    private static void startAgain(NetDriver driver) {
        for (FrontEndQueue queue : driver.queues()) {
            queue.start(driver.frontEnd(), queue.ring().deviceBase());
        }
        driver.enable(true);
        driver.frontEnd().barrier();
    }

    private static void clearStatus(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        for (int i = 0; i < 3; i++) {
            context.exchange(driver, 300);
            driver.awaitSent();
            context.note(
                    "GET_VRING_BASE of every queue, SET_STATUS 0; then the driver's status bits, features, queues");
            for (FrontEndQueue queue : driver.queues()) {
                queue.stop(driver.frontEnd());
            }
            driver.frontEnd().setStatus(0);
            driver.frontEnd().setStatus(3);
            driver.frontEnd().setFeatures(driver.frontEnd().features());
            driver.frontEnd().setStatus(11);
            startAgain(driver);
            driver.frontEnd().setStatus(RUNNING);
        }
        context.exchange(driver, 300);
    }

    private static void resetOwner(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        context.exchange(driver, 300);
        driver.awaitSent();
        context.note("RESET_OWNER, SET_OWNER, starting the queues at their last bases, SET_VRING_ENABLE");
        driver.frontEnd().resetOwner();
        driver.frontEnd().setOwner();
        for (FrontEndQueue queue : driver.queues()) {
            queue.stop(driver.frontEnd());
        }
        startAgain(driver);
        context.exchange(driver, 300);
    }

    private static void statusIsKept(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        context.note("SET_STATUS 15 while the queues run, then GET_STATUS");
        long status = driver.frontEnd().getStatus();
        context.require(status == RUNNING, "%d", status);
    }

    private static void newDriver(CaseContext context) {
        NetSetup setup = context.setup().queues(1, 32).receive(ChainShape.TOGETHER, 1518, 0);
        NetDriver driver = context.attach(setup);
        for (int i = 0; i < 3; i++) {
            context.note("GET_VRING_BASE of every queue, then empty rings with base 0");
            for (FrontEndQueue queue : driver.queues()) {
                queue.stop(driver.frontEnd());
            }
            int beginning = driver.queues().getFirst().ring() instanceof PackedDriver ? PackedDriver.START : 0;
            for (FrontEndQueue queue : driver.queues()) {
                queue.ring().reset(beginning);
                queue.start(driver.frontEnd(), beginning);
            }
            TransmitBuffer.of(context, driver).send(7 + i);
        }
    }

    private static void reconnect(CaseContext context) {
        for (int i = 0; i < 10; i++) {
            NetSetup setup = switch (i % 3) {
                case 0 -> context.setup();
                case 1 -> context.setup().without(Feature.MRG_RXBUF, Feature.EVENT_IDX, Feature.INDIRECT_DESC);
                default -> context.setup().queues(1, 64).receive(ChainShape.TOGETHER, 1518, 64);
            };
            context.note("connection %d", i + 1);
            try (NetDriver driver = context.attach(setup)) {
                context.exchange(driver, 300);
            }
        }
    }

    private static void vanish(CaseContext context) {
        for (int i = 0; i < 5; i++) {
            try (NetDriver driver = context.attach(context.setup())) {
                context.note("30 frames, then closing the connection");
                List<byte[]> frames = Stream.generate(
                                () -> context.datagram(800).complete())
                        .limit(30)
                        .toList();
                driver.sendBurst(0, frames, DriverHeader.PLAIN, ChainShape.TOGETHER);
            }
        }
        context.exchange(context.attach(context.setup()), 300);
    }
}
