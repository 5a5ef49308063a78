// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.conformance.LoopMode;
import org.vhost4j.conformance.NotApplicable;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.InflightArea;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.sys.EventFd;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * Cases about the orders in which front-ends initialize a device, and about front-ends that disappear before they have
 * finished. Some orders were recorded from QEMU and from DPDK's virtio-user; others are taken from the source of QEMU,
 * of DPDK's virtio-user (revision 7d47868c26), of cloud-hypervisor (revision a423bf13ad) and of crosvm (revision
 * 4980d0e81d).
 */
public final class SequenceCases implements CaseGroup {
    private static final String COMMUNICATION = "vhost-user, Communication";

    /** The recordings, with the recorded front-ends. */
    private static final SequencedMap<String, String> RECORDED = recorded();

    private static final int FRAMES = 5;
    private static final int PAYLOAD = 300;
    private static final int SMALL_BUFFER = 700;

    /** The last step of a front-end before it disappears, in QEMU's order. */
    private enum Step {
        GET_FEATURES,
        SET_PROTOCOL_FEATURES,
        SET_OWNER,
        SET_FEATURES,
        SET_MEM_TABLE,
        SET_VRING_ENABLE,
        SET_VRING_NUM,
        SET_VRING_BASE,
        SET_VRING_ADDR,
        SET_VRING_ERR,
        SET_VRING_KICK,
        SET_VRING_CALL,
        KICK
    }

    @Override
    public String title() {
        return "Initialization sequences of several front-ends, complete and aborted";
    }

    @Override
    public List<Case> cases() {
        List<Case> all = new ArrayList<>(Case.onBoth(
                order("qemu", "QEMU", SequenceCases::qemu),
                order("virtio-user", "DPDK's virtio-user", SequenceCases::virtioUser),
                order("cloud-hypervisor", "cloud-hypervisor", SequenceCases::cloudHypervisor),
                order("crosvm", "crosvm", SequenceCases::crosvm).needs(Feature.PROTOCOL_FEATURES)));
        RECORDED.forEach((name, frontEnd) -> all.addAll(Case.onBoth(Case.of(
                        "sequence.recorded-" + name,
                        COMMUNICATION,
                        "a device that is initialized by the recorded requests of " + frontEnd + " carries frames",
                        context -> traffic(context, RecordedSequence.run(context, name)))
                .needs(Feature.VERSION_1))));
        for (Step step : Step.values()) {
            Case gone = Case.of(
                    "sequence.gone-after-"
                            + step.name().toLowerCase(Locale.ROOT).replace('_', '-'),
                    COMMUNICATION,
                    "after a front-end disconnects at " + step + ", the back-end serves the next one",
                    context -> goneAfter(context, step));
            all.addAll(Case.onBoth(gone.needs(Feature.PROTOCOL_FEATURES)));
        }
        for (Feature fewer :
                List.of(Feature.MRG_RXBUF, Feature.EVENT_IDX, Feature.INDIRECT_DESC, Feature.IN_ORDER, Feature.CSUM)) {
            all.addAll(Case.onBoth(Case.of(
                            "sequence.again-without-"
                                    + fewer.name().toLowerCase(Locale.ROOT).replace('_', '-'),
                            COMMUNICATION,
                            "a front-end that reconnects without " + fewer + " is served without that feature",
                            context -> fewer(context, fewer))
                    .needs(fewer)
                    .loops()));
        }
        all.add(Case.of(
                        "sequence.again-with-the-other-ring",
                        COMMUNICATION,
                        "a front-end that reconnects with split rings after packed rings is served, and vice versa",
                        SequenceCases::otherRing)
                .needs(Feature.RING_PACKED, Feature.VERSION_1));
        return all;
    }

    private static SequencedMap<String, String> recorded() {
        SequencedMap<String, String> all = new LinkedHashMap<>();
        all.put("qemu-10-0", "QEMU 10.0");
        all.put("qemu-11-1", "QEMU 11.1");
        all.put("virtio-user-22-11", "virtio-user of DPDK 22.11");
        all.put("virtio-user-24-11", "virtio-user of DPDK 24.11");
        return all;
    }

    private static Case order(String name, String frontEnd, Case.Body body) {
        return Case.of(
                "sequence." + name,
                COMMUNICATION,
                "a device that is initialized in the order of " + frontEnd + " carries frames",
                body);
    }

    /** Exchanges frames with a running device. */
    private static void traffic(CaseContext context, NetDriver driver) {
        driver.receiveQueue(0).publish();
        if (context.loop() == LoopMode.NONE) {
            TransmitBuffer.of(context, driver).send(FRAMES);
            return;
        }
        for (int i = 0; i < FRAMES; i++) {
            context.exchange(driver, PAYLOAD + i);
        }
    }

    private static long protocol(FrontEnd frontEnd, ProtocolFeature... wanted) {
        long word = frontEnd.getProtocolFeatures() & ProtocolFeature.word(List.of(wanted));
        frontEnd.setProtocolFeatures(word);
        return word;
    }

    private static long features(CaseContext context, FrontEnd frontEnd) {
        return frontEnd.getFeatures() & (context.setup().features() | Feature.PROTOCOL_FEATURES.mask());
    }

    private static NetDriver over(CaseContext context, FrontEnd frontEnd) {
        return context.keep(NetDriver.over(frontEnd, context.setup()));
    }

    private static void enable(NetDriver driver) {
        for (FrontEndQueue queue : driver.queues()) {
            driver.frontEnd().setVringEnable(queue.index(), true);
        }
    }

    private static void qemu(CaseContext context) {
        context.note(
                "GET_FEATURES, protocol features, SET_OWNER, GET_FEATURES, SET_VRING_CALL of each ring; SET_FEATURES, "
                        + "SET_MEM_TABLE, SET_VRING_ENABLE, and of each ring NUM, BASE, ADDR, ERR, KICK, CALL");
        FrontEnd frontEnd = context.connect();
        boolean protocol = Feature.PROTOCOL_FEATURES.in(frontEnd.getFeatures());
        if (protocol) {
            long word = protocol(frontEnd, ProtocolFeature.MQ, ProtocolFeature.REPLY_ACK, ProtocolFeature.LOG_SHMFD);
            if (ProtocolFeature.MQ.in(word)) {
                frontEnd.getQueueNum();
            }
        }
        frontEnd.setOwner();
        frontEnd.getFeatures();
        for (int ring = 0; ring < 2; ring++) {
            frontEnd.setVringCall(ring, context.keep(EventFd.create()).fd());
        }
        frontEnd.setFeatures(features(context, frontEnd));
        NetDriver driver = over(context, frontEnd);
        driver.start();
        traffic(context, driver);
    }

    private static void virtioUser(CaseContext context) {
        context.note(
                "SET_OWNER, GET_FEATURES, SET_VRING_CALL of each ring, SET_FEATURES, SET_MEM_TABLE, of each ring NUM,"
                        + " BASE, ADDR, KICK, then SET_VRING_ENABLE");
        FrontEnd frontEnd = context.connect();
        frontEnd.setOwner();
        boolean protocol = Feature.PROTOCOL_FEATURES.in(frontEnd.getFeatures());
        if (protocol) {
            protocol(frontEnd, ProtocolFeature.MQ, ProtocolFeature.REPLY_ACK);
        }
        for (int ring = 0; ring < 2; ring++) {
            frontEnd.setVringCall(ring, context.keep(EventFd.create()).fd());
        }
        frontEnd.setFeatures(features(context, frontEnd));
        NetDriver driver = over(context, frontEnd);
        frontEnd.setMemTable(driver.guestRam().regions());
        for (FrontEndQueue queue : driver.queues()) {
            frontEnd.setVringNum(queue.index(), queue.ring().size());
            frontEnd.setVringBase(queue.index(), queue.ring().deviceBase());
            queue.setAddress(frontEnd, false);
            frontEnd.setVringKick(queue.index(), queue.kick().fd());
        }
        if (protocol) {
            enable(driver);
        }
        frontEnd.barrier();
        traffic(context, driver);
    }

    private static void cloudHypervisor(CaseContext context) {
        context.note("SET_OWNER, GET_FEATURES, protocol features, SET_FEATURES, SET_MEM_TABLE, NUM of each ring, the"
                + " in-flight area, of each ring ADDR, BASE, CALL, KICK, SET_VRING_ENABLE, SET_BACKEND_REQ_FD");
        FrontEnd frontEnd = context.connect();
        frontEnd.setOwner();
        boolean protocol = Feature.PROTOCOL_FEATURES.in(frontEnd.getFeatures());
        long word = protocol
                ? protocol(
                        frontEnd,
                        ProtocolFeature.MQ,
                        ProtocolFeature.REPLY_ACK,
                        ProtocolFeature.INFLIGHT_SHMFD,
                        ProtocolFeature.BACKEND_REQ)
                : 0;
        frontEnd.setFeatures(features(context, frontEnd));
        NetDriver driver = over(context, frontEnd);
        frontEnd.setMemTable(driver.guestRam().regions());
        for (FrontEndQueue queue : driver.queues()) {
            frontEnd.setVringNum(queue.index(), queue.ring().size());
        }
        if (ProtocolFeature.INFLIGHT_SHMFD.in(word)) {
            int queues = driver.queues().size();
            context.keep(InflightArea.get(
                            frontEnd, queues, driver.queues().getFirst().ring().size()))
                    .set(frontEnd);
        }
        for (FrontEndQueue queue : driver.queues()) {
            queue.setAddress(frontEnd, false);
            frontEnd.setVringBase(queue.index(), queue.ring().deviceBase());
            frontEnd.setVringCall(queue.index(), queue.call().fd());
            frontEnd.setVringKick(queue.index(), queue.kick().fd());
        }
        if (protocol) {
            enable(driver);
        }
        if (ProtocolFeature.BACKEND_REQ.in(word)) {
            context.keep(frontEnd.openBackendChannel());
        }
        frontEnd.barrier();
        traffic(context, driver);
    }

    private static void crosvm(CaseContext context) {
        context.note(
                "SET_OWNER, GET_FEATURES, SET_FEATURES with PROTOCOL_FEATURES alone, protocol features, SET_FEATURES, "
                        + "SET_MEM_TABLE, of each ring NUM, ADDR, BASE, CALL, KICK, ENABLE");
        FrontEnd frontEnd = context.connect();
        frontEnd.setOwner();
        frontEnd.getFeatures();
        try {
            frontEnd.setFeatures(Feature.PROTOCOL_FEATURES.mask());
            frontEnd.getFeatures();
        } catch (FrontEndException.Closed e) {
            throw new NotApplicable(
                    "the back-end does not support drivers without VERSION_1, as virtio 1.4, 6.2 allows");
        }
        long word = protocol(frontEnd, ProtocolFeature.MQ, ProtocolFeature.BACKEND_REQ);
        if (ProtocolFeature.BACKEND_REQ.in(word)) {
            context.keep(frontEnd.openBackendChannel());
        }
        if (ProtocolFeature.MQ.in(word)) {
            frontEnd.getQueueNum();
        }
        frontEnd.setFeatures(features(context, frontEnd));
        NetDriver driver = over(context, frontEnd);
        frontEnd.setMemTable(driver.guestRam().regions());
        for (FrontEndQueue queue : driver.queues()) {
            frontEnd.setVringNum(queue.index(), queue.ring().size());
            queue.setAddress(frontEnd, false);
            frontEnd.setVringBase(queue.index(), queue.ring().deviceBase());
            frontEnd.setVringCall(queue.index(), queue.call().fd());
            frontEnd.setVringKick(queue.index(), queue.kick().fd());
            frontEnd.setVringEnable(queue.index(), true);
        }
        frontEnd.barrier();
        traffic(context, driver);
    }

    private static void goneAfter(CaseContext context, Step last) {
        context.note(
                "the steps up to %s, then closing the connection; then a front-end that completes all steps", last);
        FrontEnd frontEnd = context.connect();
        NetDriver driver = null;
        for (Step step : Step.values()) {
            if (step.compareTo(last) > 0) {
                break;
            }
            switch (step) {
                case GET_FEATURES -> frontEnd.getFeatures();
                case SET_PROTOCOL_FEATURES -> protocol(frontEnd, ProtocolFeature.MQ, ProtocolFeature.REPLY_ACK);
                case SET_OWNER -> frontEnd.setOwner();
                case SET_FEATURES -> {
                    frontEnd.setFeatures(features(context, frontEnd));
                    driver = over(context, frontEnd);
                }
                default -> {
                    if (driver != null) {
                        start(driver, step);
                    }
                }
            }
        }
        frontEnd.close();
        traffic(context, context.attach(context.setup()));
    }

    private static void start(NetDriver driver, Step step) {
        FrontEnd frontEnd = driver.frontEnd();
        if (step == Step.SET_MEM_TABLE) {
            frontEnd.setMemTable(driver.guestRam().regions());
            return;
        }
        for (FrontEndQueue queue : driver.queues()) {
            int index = queue.index();
            switch (step) {
                case SET_VRING_ENABLE -> frontEnd.setVringEnable(index, true);
                case SET_VRING_NUM -> frontEnd.setVringNum(index, queue.ring().size());
                case SET_VRING_BASE -> frontEnd.setVringBase(index, queue.ring().deviceBase());
                case SET_VRING_ADDR -> queue.setAddress(frontEnd, false);
                case SET_VRING_ERR -> frontEnd.setVringErr(index, queue.err().fd());
                case SET_VRING_KICK -> frontEnd.setVringKick(index, queue.kick().fd());
                case SET_VRING_CALL -> frontEnd.setVringCall(index, queue.call().fd());
                default -> CaseContext.publishAndKick(queue);
            }
        }
    }

    private static void fewer(CaseContext context, Feature feature) {
        NetSetup all = context.setup().with(feature).receive(ChainShape.TOGETHER, SMALL_BUFFER, 64);
        for (NetSetup setup : List.of(all, all.without(feature), all)) {
            context.note("a connection %s %s", setup.equals(all) ? "with" : "without", feature);
            try (NetDriver driver = context.attach(setup)) {
                for (int i = 0; i < FRAMES; i++) {
                    context.exchange(driver, PAYLOAD + i);
                }
                if (feature == Feature.MRG_RXBUF && !setup.equals(all)) {
                    context.note("a frame that is larger than each buffer");
                    driver.send(context.datagram(2 * SMALL_BUFFER).complete());
                    context.require(
                            context.receive(driver, context.quiet()).isEmpty(),
                            "a used buffer for a frame that is larger than each buffer");
                }
            }
        }
    }

    private static void otherRing(CaseContext context) {
        for (int i = 0; i < 4; i++) {
            context.note("a connection with %s rings", i % 2 == 0 ? "packed" : "split");
            try (NetDriver driver = context.attach(i % 2 == 0 ? context.setup().packed() : context.setup())) {
                traffic(context, driver);
            }
        }
    }
}
