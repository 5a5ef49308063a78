// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.conformance.LoopMode;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.Ram;
import org.vhost4j.sys.EventFd;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Cases about messages that are handled while rings carry frames, and kicks that arrive while messages are handled. */
public final class ConcurrencyCases implements CaseGroup {
    private static final String STATES = "vhost-user, Ring states";
    private static final String COMMUNICATION = "vhost-user, Communication";
    private static final int FRAMES = 150;
    private static final long ELSEWHERE = NetDriver.GUEST_BASE + (1L << 32);
    private static final int REGION = 1 << 20;

    @Override
    public String title() {
        return "Messages during traffic, kicks during messages";
    }

    @Override
    public List<Case> cases() {
        return Case.onBoth(
                under(
                        "questions",
                        COMMUNICATION,
                        "GET_FEATURES",
                        driver -> driver.frontEnd().getFeatures()),
                under(
                                "status",
                                "vhost-user, VHOST_USER_GET_STATUS",
                                "GET_STATUS",
                                driver -> driver.frontEnd().getStatus())
                        .needs(ProtocolFeature.STATUS),
                under("enable", STATES, "SET_VRING_ENABLE 1 for enabled rings", driver -> {
                            for (FrontEndQueue queue : driver.queues()) {
                                driver.frontEnd().setVringEnable(queue.index(), true);
                            }
                            driver.frontEnd().barrier();
                        })
                        .needs(Feature.PROTOCOL_FEATURES),
                under(
                        "calls",
                        "vhost-user, VHOST_USER_SET_VRING_CALL",
                        "SET_VRING_CALL with new descriptors",
                        driver -> {
                            try (EventFd call = EventFd.create()) {
                                driver.frontEnd().setVringCall(0, call.fd());
                                driver.frontEnd().barrier();
                            }
                        }),
                under(
                        "errors",
                        "vhost-user, VHOST_USER_SET_VRING_ERR",
                        "SET_VRING_ERR with new descriptors",
                        driver -> {
                            try (EventFd err = EventFd.create()) {
                                driver.frontEnd().setVringErr(1, err.fd());
                                driver.frontEnd().barrier();
                            }
                        }),
                under(
                        "table",
                        "vhost-user, VHOST_USER_SET_MEM_TABLE",
                        "SET_MEM_TABLE with the same regions",
                        driver -> {
                            driver.frontEnd().setMemTable(driver.guestRam().regions());
                            driver.frontEnd().barrier();
                        }),
                under("slots", "vhost-user, VHOST_USER_ADD_MEM_REG", "ADD_MEM_REG and REM_MEM_REG", driver -> {
                            try (Ram more = Ram.create(ELSEWHERE, REGION)) {
                                driver.frontEnd().addMemReg(more);
                                driver.frontEnd().remMemReg(more);
                                driver.frontEnd().barrier();
                            }
                        })
                        .needs(ProtocolFeature.CONFIGURE_MEM_SLOTS),
                under("kicks", "virtio 1.4, 2.9", "kicks of rings without new chains", driver -> {
                    driver.queues().forEach(queue -> queue.kick().signal());
                    driver.frontEnd().getFeatures();
                }));
    }

    private static Case under(String name, String section, String what, Consumer<NetDriver> messages) {
        return Case.of(
                "concurrent." + name, section, what + ", repeated during traffic, does not stop frames", context -> {
                    NetSetup setup = name.equals("slots")
                            ? context.setup().withProtocol(ProtocolFeature.CONFIGURE_MEM_SLOTS)
                            : context.setup();
                    NetDriver driver = context.attach(setup);
                    context.note("%s by one thread, %d frames by another", what, FRAMES);
                    during(context, driver, messages);
                });
    }

    private static void during(CaseContext context, NetDriver driver, Consumer<NetDriver> messages) {
        AtomicBoolean done = new AtomicBoolean();
        AtomicReference<@Nullable RuntimeException> failed = new AtomicReference<>();
        Thread thread = Thread.ofPlatform().daemon().name("messages").start(() -> {
            try {
                while (!done.get()) {
                    messages.accept(driver);
                }
            } catch (RuntimeException e) {
                failed.set(e);
            }
        });
        try {
            traffic(context, driver);
        } finally {
            done.set(true);
            join(thread);
        }
        RuntimeException problem = failed.get();
        if (problem != null) {
            throw problem;
        }
    }

    private static void traffic(CaseContext context, NetDriver driver) {
        TransmitBuffer buffer = TransmitBuffer.of(context, driver);
        for (int i = 0; i < FRAMES; i++) {
            if (context.loop() == LoopMode.NONE) {
                buffer.send(1);
            } else {
                context.exchangeSoon(driver, 100 + i);
            }
        }
    }

    /** Joins a thread, which ends because its connection is closed. */
    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
