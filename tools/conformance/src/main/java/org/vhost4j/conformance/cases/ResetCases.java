// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.List;
import java.util.stream.Stream;
import org.vhost4j.conformance.Area;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.Trial;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Devices that are reset, front-ends that come back. */
public final class ResetCases implements Area {
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
                                "RESET_DEVICE disables all rings, and the device can be set up again",
                                ResetCases::resetDevice)
                        .needs(ProtocolFeature.RESET_DEVICE)
                        .loops(),
                Case.of(
                                "reset.status",
                                "vhost-user, VHOST_USER_SET_STATUS",
                                "a status of 0 resets the device, and the device can be set up again",
                                ResetCases::clearStatus)
                        .needs(ProtocolFeature.STATUS)
                        .loops(),
                Case.of(
                                "reset.status-is-kept",
                                "vhost-user, VHOST_USER_GET_STATUS",
                                "GET_STATUS tells what SET_STATUS set",
                                ResetCases::statusIsKept)
                        .needs(ProtocolFeature.STATUS),
                Case.of(
                                "reset.owner",
                                "vhost-user, VHOST_USER_RESET_OWNER",
                                "RESET_OWNER, which is deprecated, is to be ignored or to disable all rings, and to discard nothing",
                                ResetCases::resetOwner)
                        .needs(Feature.PROTOCOL_FEATURES)
                        .loops(),
                Case.of(
                                "reset.driver",
                                "vhost-user, Ring states",
                                "a driver that begins anew after every ring was stopped finds a device that does",
                                ResetCases::newDriver)
                        .loops(),
                Case.of(
                                "reset.reconnect",
                                "vhost-user, Communication",
                                "the next connection is served as the first was, with other features and queues",
                                ResetCases::reconnect)
                        .loops(),
                Case.of(
                                "reset.vanish",
                                "robustness",
                                "a front-end that vanishes under traffic leaves a back-end that serves the next",
                                ResetCases::vanish)
                        .loops());
    }

    private static void resetDevice(Trial trial) {
        NetDriver driver = trial.attach(trial.setup());
        for (int i = 0; i < 3; i++) {
            trial.exchange(driver, 300);
            driver.awaitSent();
            trial.note("RESET_DEVICE, SET_FEATURES, queues from where they were, SET_VRING_ENABLE");
            driver.frontEnd().resetDevice();
            driver.frontEnd().setFeatures(driver.frontEnd().features());
            startAgain(driver);
        }
        trial.exchange(driver, 300);
    }

    private static void startAgain(NetDriver driver) {
        for (FrontEndQueue queue : driver.queues()) {
            queue.start(driver.frontEnd(), queue.ring().deviceBase());
        }
        driver.enable(true);
        driver.frontEnd().barrier();
    }

    private static void clearStatus(Trial trial) {
        NetDriver driver = trial.attach(trial.setup());
        for (int i = 0; i < 3; i++) {
            trial.exchange(driver, 300);
            driver.awaitSent();
            trial.note("GET_VRING_BASE of every queue, SET_STATUS 0; then the status of a driver, features, queues");
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
        trial.exchange(driver, 300);
    }

    private static void resetOwner(Trial trial) {
        NetDriver driver = trial.attach(trial.setup());
        trial.exchange(driver, 300);
        driver.awaitSent();
        trial.note("RESET_OWNER, SET_OWNER, queues from where they were, SET_VRING_ENABLE");
        driver.frontEnd().resetOwner();
        driver.frontEnd().setOwner();
        for (FrontEndQueue queue : driver.queues()) {
            queue.stop(driver.frontEnd());
        }
        startAgain(driver);
        trial.exchange(driver, 300);
    }

    private static void statusIsKept(Trial trial) {
        NetDriver driver = trial.attach(trial.setup());
        trial.note("SET_STATUS 15 when the queues run, then GET_STATUS");
        long status = driver.frontEnd().getStatus();
        trial.require(status == RUNNING, "%d", status);
    }

    private static void newDriver(Trial trial) {
        NetSetup setup = trial.setup().queues(1, 32).receive(ChainShape.TOGETHER, 1518, 0);
        NetDriver driver = trial.attach(setup);
        for (int i = 0; i < 3; i++) {
            trial.note("GET_VRING_BASE of every queue, then empty rings from the beginning");
            for (FrontEndQueue queue : driver.queues()) {
                queue.stop(driver.frontEnd());
            }
            int beginning = driver.queues().getFirst().ring() instanceof PackedDriver ? PackedDriver.START : 0;
            for (FrontEndQueue queue : driver.queues()) {
                queue.ring().reset(beginning);
                queue.start(driver.frontEnd(), beginning);
            }
            TransmitBuffer.of(trial, driver).send(7 + i);
        }
    }

    private static void reconnect(Trial trial) {
        for (int i = 0; i < 10; i++) {
            NetSetup setup = switch (i % 3) {
                case 0 -> trial.setup();
                case 1 -> trial.setup().without(Feature.MRG_RXBUF, Feature.EVENT_IDX, Feature.INDIRECT_DESC);
                default -> trial.setup().queues(1, 64).receive(ChainShape.TOGETHER, 1518, 64);
            };
            trial.note("connection %d", i + 1);
            try (NetDriver driver = trial.attach(setup)) {
                trial.exchange(driver, 300);
            }
        }
    }

    private static void vanish(Trial trial) {
        for (int i = 0; i < 5; i++) {
            try (NetDriver driver = trial.attach(trial.setup())) {
                trial.note("30 frames, then the connection is closed");
                List<byte[]> frames = Stream.generate(() -> trial.datagram(800).complete())
                        .limit(30)
                        .toList();
                driver.sendBurst(0, frames, DriverHeader.PLAIN, ChainShape.TOGETHER);
            }
        }
        trial.exchange(trial.attach(trial.setup()), 300);
    }
}
