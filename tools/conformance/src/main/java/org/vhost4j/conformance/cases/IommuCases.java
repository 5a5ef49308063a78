// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.FrontEndIommu;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.ReceivedFrame;
import org.vhost4j.vhostuser.wire.IotlbMessage;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Cases about a driver behind an IOMMU: IOTLB misses that the device sends, updates that answer them, and invalidations. */
public final class IommuCases implements CaseGroup {
    private static final String IOTLB = "vhost-user, IOTLB messages";
    private static final int BOTH = IotlbMessage.READ | IotlbMessage.WRITE;
    private static final int FRAMES = 10;

    @Override
    public String title() {
        return "IOMMU: IOTLB misses, updates and invalidations";
    }

    @Override
    public List<Case> cases() {
        List<Case> all = new ArrayList<>();
        for (Case each : List.of(
                Case.of(
                        "iommu.asked",
                        IOTLB,
                        "the device sends an IOTLB miss for each address without a translation, and continues after the update",
                        IommuCases::asked),
                Case.of(
                        "iommu.told-before",
                        IOTLB,
                        "an IOTLB update without a preceding miss is used",
                        IommuCases::requestedBefore),
                Case.of(
                        "iommu.withdrawn",
                        IOTLB,
                        "after an invalidation the device sends IOTLB misses again, and does not use the old translation",
                        IommuCases::withdrawn),
                Case.of(
                        "iommu.answers",
                        IOTLB,
                        "IOTLB updates and invalidations are answered with 0",
                        IommuCases::answers))) {
            all.addAll(Case.onBoth(each.needs(Feature.ACCESS_PLATFORM)
                    .needs(ProtocolFeature.BACKEND_REQ, ProtocolFeature.REPLY_ACK)
                    .loops()));
        }
        return all;
    }

    private static NetDriver negotiated(CaseContext context) {
        return context.negotiated(context.setup()
                .with(Feature.ACCESS_PLATFORM)
                .withProtocol(ProtocolFeature.BACKEND_REQ, ProtocolFeature.REPLY_ACK));
    }

    private static void mapAll(CaseContext context, NetDriver driver, FrontEndIommu iommu) {
        DriverMemory memory = driver.ram().memory();
        long result = iommu.tell(new IotlbMessage(
                memory.guestBase(), memory.size(), driver.ram().toUser(memory.guestBase()), BOTH, IotlbMessage.UPDATE));
        context.require(result == 0, "an update of %d bytes was answered with %d", memory.size(), result);
    }

    /**
     * Sends a frame and answers IOTLB misses until it returns; repeats it when it was dropped because no receive buffer
     * was translated yet.
     */
    private static int exchange(CaseContext context, NetDriver driver, FrontEndIommu iommu) {
        int answered = 0;
        long end = System.nanoTime() + context.patience().toNanos();
        while (true) {
            byte[] frame = context.datagram(400).complete();
            driver.send(frame);
            long again = System.nanoTime() + context.quiet().toNanos();
            while (System.nanoTime() - again < 0) {
                Optional<IotlbMessage> miss = iommu.miss(Duration.ofMillis(1));
                if (miss.isPresent()) {
                    long result = iommu.map(miss.get().iova(), BOTH);
                    context.require(result == 0, "an update was answered with %d", result);
                    answered++;
                    again = System.nanoTime() + context.quiet().toNanos();
                }
                Optional<ReceivedFrame> came = driver.poll(0);
                if (came.isPresent()) {
                    // A late frame that was sent before is accepted, too.
                    context.require(
                            came.get().bytes().length == frame.length,
                            "a frame of %d bytes instead of %d",
                            came.get().bytes().length,
                            frame.length);
                    return answered;
                }
            }
            context.require(
                    System.nanoTime() - end < 0,
                    "no frame within %d ms",
                    context.patience().toMillis());
        }
    }

    private static void asked(CaseContext context) {
        NetDriver driver = negotiated(context);
        FrontEndIommu iommu = context.keep(new FrontEndIommu(driver));
        driver.start();
        context.note("frames, each address mapped only after its IOTLB miss");
        int answered = exchange(context, driver, iommu);
        context.require(answered > 0, "a returned frame without an IOTLB miss");
        for (int i = 1; i < FRAMES; i++) {
            exchange(context, driver, iommu);
        }
    }

    private static void requestedBefore(CaseContext context) {
        NetDriver driver = negotiated(context);
        FrontEndIommu iommu = context.keep(new FrontEndIommu(driver));
        context.note("an IOTLB update for all memory before the rings start, then frames");
        driver.start(() -> {
            driver.guestRam().share();
            mapAll(context, driver, iommu);
        });
        for (int i = 0; i < FRAMES; i++) {
            int answered = exchange(context, driver, iommu);
            context.require(answered == 0, "%d IOTLB misses although all memory is mapped", answered);
        }
    }

    private static void withdrawn(CaseContext context) {
        NetDriver driver = negotiated(context);
        FrontEndIommu iommu = context.keep(new FrontEndIommu(driver));
        driver.start();
        for (int i = 0; i < FRAMES; i++) {
            exchange(context, driver, iommu);
            driver.awaitSent();
            context.note("an invalidation of all memory, then a frame");
            long result = iommu.invalidate(0, 0);
            context.require(result == 0, "the invalidation was answered with %d", result);
            int answered = exchange(context, driver, iommu);
            context.require(answered > 0, "no IOTLB miss after the invalidation, and a returned frame");
        }
    }

    private static void answers(CaseContext context) {
        NetDriver driver = negotiated(context);
        FrontEndIommu iommu = context.keep(new FrontEndIommu(driver));
        long base = driver.ram().memory().guestBase();
        driver.guestRam().share();
        context.note("updates and invalidations of single pages, before the rings start");
        for (int page = 0; page < FRAMES; page++) {
            long address = base + (long) page * FrontEndIommu.PAGE;
            long mapped = iommu.map(address, BOTH);
            long gone = iommu.invalidate(address, FrontEndIommu.PAGE);
            context.require(mapped == 0 && gone == 0, "page %d: the answers %d and %d", page, mapped, gone);
        }
        mapAll(context, driver, iommu);
        driver.start(() -> {});
        exchange(context, driver, iommu);
    }
}
