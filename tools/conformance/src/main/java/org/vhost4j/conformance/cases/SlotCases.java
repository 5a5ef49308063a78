// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.ArrayList;
import java.util.List;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.conformance.LoopMode;
import org.vhost4j.conformance.NotApplicable;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.Ram;
import org.vhost4j.frontend.RamSetup;
import org.vhost4j.sys.SystemError;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Cases about using all memory slots, memory that is plugged and unplugged under traffic, huge pages, and regions that share a file. */
public final class SlotCases implements CaseGroup {
    private static final String SLOTS = "vhost-user, VHOST_USER_ADD_MEM_REG and VHOST_USER_REM_MEM_REG";
    private static final String TABLE = "vhost-user, VHOST_USER_SET_MEM_TABLE";
    private static final long ELSEWHERE = NetDriver.GUEST_BASE + (1L << 32);
    private static final int PAGE = 4096;
    private static final int REGION = 1 << 20;
    /** The maximum number of slots that QEMU uses for a guest. */
    private static final int MOST_SLOTS = 509;

    private static final int ROUNDS = 6;
    private static final int FRAMES = 20;

    @Override
    public String title() {
        return "Memory: slots, hot-plugged memory, huge pages, shared files";
    }

    @Override
    public List<Case> cases() {
        List<Case> all = new ArrayList<>();
        for (Case each : List.of(
                Case.of(
                        "slot.all",
                        SLOTS,
                        "regions can be added up to the number of slots (tried: at most %d), and each is used"
                                .formatted(MOST_SLOTS),
                        SlotCases::all),
                Case.of(
                        "slot.again",
                        SLOTS,
                        "a region can be added at the address of a removed one, and the new region's memory is used",
                        SlotCases::again),
                Case.of(
                                "slot.plugged-under-traffic",
                                SLOTS,
                                "buffers may be in plugged memory, and move back to the old memory before it is unplugged",
                                SlotCases::plugged)
                        .loops(),
                Case.of(
                        "slot.any-order",
                        SLOTS,
                        "regions can be removed in a different order than they were added",
                        SlotCases::anyOrder))) {
            all.addAll(Case.onBoth(each.needs(ProtocolFeature.CONFIGURE_MEM_SLOTS)));
        }
        all.addAll(Case.onBoth(
                Case.of(
                        "memory.shared-file",
                        TABLE,
                        "several regions may be in one file, each at its mmap offset",
                        SlotCases::sharedFile),
                Case.of(
                                "memory.huge-pages",
                                TABLE,
                                "guest memory may consist of huge pages, to whose size an mmap must be aligned",
                                SlotCases::hugePages)
                        .loops(),
                Case.of(
                                "memory.regions-apart",
                                TABLE,
                                "rings, receive buffers and transmit buffers may be in separate regions",
                                SlotCases::apart)
                        .loops()));
        return all;
    }

    private static NetDriver attach(CaseContext context) {
        return context.attach(context.setup().withProtocol(ProtocolFeature.CONFIGURE_MEM_SLOTS));
    }

    private static void all(CaseContext context) {
        NetDriver driver = attach(context);
        int slots = (int) Math.min(driver.frontEnd().getMaxMemSlots(), MOST_SLOTS);
        context.note("ADD_MEM_REG until there are %d regions, then a frame in each of the last", slots);
        List<Ram> regions = new ArrayList<>();
        for (int i = 1; i < slots; i++) {
            Ram more = context.keep(Ram.create(ELSEWHERE + 2L * i * PAGE, PAGE));
            driver.frontEnd().addMemReg(more);
            regions.add(more);
        }
        driver.frontEnd().barrier();
        for (Ram each : regions.subList(Math.max(0, regions.size() - FRAMES), regions.size())) {
            TransmitBuffer.of(context, driver, each.memory()).send(1);
        }
        for (Ram each : regions) {
            driver.frontEnd().remMemReg(each);
        }
        driver.frontEnd().barrier();
        TransmitBuffer.of(context, driver).send(1);
    }

    private static void again(CaseContext context) {
        NetDriver driver = attach(context);
        for (int i = 0; i < ROUNDS; i++) {
            context.note("ADD_MEM_REG, a frame in that region, REM_MEM_REG");
            try (Ram more = Ram.create(ELSEWHERE, REGION)) {
                driver.frontEnd().addMemReg(more);
                sendFrom(context, driver, more);
                driver.frontEnd().remMemReg(more);
                driver.frontEnd().barrier();
            }
        }
    }

    /** Sends a frame from a region, and requires that it returns undamaged. */
    static void sendFrom(CaseContext context, NetDriver driver, Ram region) {
        if (context.loop() == LoopMode.NONE) {
            TransmitBuffer.of(context, driver, region.memory()).send(1);
            return;
        }
        byte[] frame = context.datagram(500).complete();
        byte[] header = new byte[driver.headerBytes()];
        long address = region.memory().allocate(header.length + frame.length, 64);
        region.memory().write(address, header, 0, header.length);
        region.memory().write(address + header.length, frame, 0, frame.length);
        driver.transmitQueue(0).ring().begin();
        driver.transmitQueue(0)
                .ring()
                .readable(address, header.length + frame.length)
                .offer();
        CaseContext.publishAndKick(driver.transmitQueue(0));
        context.awaitUsed(driver.transmitQueue(0));
        context.expect(frame, context.receive(driver));
    }

    private static void plugged(CaseContext context) {
        NetDriver driver = attach(context);
        for (int i = 0; i < ROUNDS; i++) {
            Ram first = driver.guestRam().regions().getFirst();
            context.note(
                    "plugging memory, %d frames with all buffers in it, moving the buffers back, unplugging it",
                    FRAMES);
            Ram more = driver.guestRam().plug(16 * REGION);
            driver.receiveInto(0, more);
            driver.sendFrom(0, more);
            exchange(context, driver);
            driver.receiveInto(0, first);
            driver.sendFrom(0, first);
            for (int frames = 0; driver.receiveBuffersIn(0, more) > 0; frames++) {
                context.require(frames < 2000, "%d buffers stay in use", driver.receiveBuffersIn(0, more));
                context.exchange(driver, 200);
            }
            driver.awaitSent();
            driver.guestRam().unplug(more);
            exchange(context, driver);
        }
    }

    private static void exchange(CaseContext context, NetDriver driver) {
        for (int i = 0; i < FRAMES; i++) {
            context.exchange(driver, 100 + 50 * i);
        }
    }

    private static void anyOrder(CaseContext context) {
        NetDriver driver = attach(context);
        int slots = (int) Math.min(driver.frontEnd().getMaxMemSlots(), 6);
        List<Ram> regions = new ArrayList<>();
        for (int i = 1; i < slots; i++) {
            Ram more = context.keep(Ram.create(ELSEWHERE + 2L * i * REGION, REGION));
            driver.frontEnd().addMemReg(more);
            regions.add(more);
        }
        while (!regions.isEmpty()) {
            context.note(
                    "REM_MEM_REG of the region in the middle of %d, then a frame in each of the others",
                    regions.size());
            driver.frontEnd().remMemReg(regions.remove(regions.size() / 2));
            driver.frontEnd().barrier();
            for (Ram each : regions) {
                sendFrom(context, driver, each);
            }
        }
    }

    private static void sharedFile(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        Ram first = context.keep(Ram.create(ELSEWHERE, 4 * REGION));
        Ram second = context.keep(Ram.create(ELSEWHERE + (1L << 32), REGION, 2 * REGION));
        context.note("SET_MEM_TABLE with a region, and a region that begins at 2 MiB in another file");
        driver.frontEnd().setMemTable(List.of(driver.ram(), first, second));
        driver.frontEnd().barrier();
        for (int i = 0; i < ROUNDS; i++) {
            sendFrom(context, driver, first);
            sendFrom(context, driver, second);
        }
    }

    private static void hugePages(CaseContext context) {
        NetSetup setup = context.setup().in(RamSetup.ONE_REGION.huge());
        NetDriver driver;
        try {
            driver = context.negotiated(setup);
        } catch (SystemError e) {
            throw new NotApplicable("this host has no free huge pages");
        }
        context.note("SET_MEM_TABLE with a region of huge pages, and traffic");
        try {
            driver.start();
        } catch (FrontEndException.Refused e) {
            throw context.violation("%s", String.valueOf(e.getMessage()));
        }
        exchange(context, driver);
    }

    private static void apart(CaseContext context) {
        NetDriver driver = context.attach(context.setup().in(RamSetup.APART));
        context.note(
                "SET_MEM_TABLE with %d regions", driver.guestRam().regions().size());
        exchange(context, driver);
    }
}
