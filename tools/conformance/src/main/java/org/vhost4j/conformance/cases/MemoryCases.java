// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.conformance.LoopMode;
import org.vhost4j.conformance.NotApplicable;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.Ram;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Cases about memory regions that are added and removed while rings run. */
public final class MemoryCases implements CaseGroup {
    private static final String TABLE = "vhost-user, VHOST_USER_SET_MEM_TABLE";
    private static final String SLOTS = "vhost-user, VHOST_USER_ADD_MEM_REG and VHOST_USER_REM_MEM_REG";
    private static final long REGION = 1 << 20;
    /** A guest-physical address above the driver's own region, with a gap. */
    private static final long ELSEWHERE = NetDriver.GUEST_BASE + (1L << 32);

    private static final int MOST_IN_TABLE = 8;
    private static final int ROUNDS = 20;

    @Override
    public String title() {
        return "Memory: tables and regions that change during traffic";
    }

    @Override
    public List<Case> cases() {
        List<Case> all = new ArrayList<>();
        all.addAll(Case.onBoth(
                Case.of(
                                "memory.table-again",
                                TABLE,
                                "a new memory table replaces the old one while rings run, and traffic continues",
                                MemoryCases::tableAgain)
                        .loops(),
                Case.of(
                        "memory.buffers-elsewhere",
                        TABLE,
                        "buffers may be in another region than the rings",
                        context -> buffersElsewhere(context, false)),
                Case.of(
                                "memory.regions-come-and-go",
                                SLOTS,
                                "regions are added and removed while rings run, and traffic continues",
                                MemoryCases::regionsComeAndGo)
                        .needs(ProtocolFeature.CONFIGURE_MEM_SLOTS)
                        .loops(),
                Case.of(
                                "memory.buffers-in-added-region",
                                SLOTS,
                                "buffers may be in a region that was added",
                                context -> buffersElsewhere(context, true))
                        .needs(ProtocolFeature.CONFIGURE_MEM_SLOTS)));
        all.addAll(Case.onBoth(
                Case.of(
                        "memory.eight-regions",
                        TABLE,
                        "a memory table may have up to 8 regions",
                        MemoryCases::eightRegions),
                Case.of(
                        "memory.file-offset",
                        TABLE,
                        "a region may begin at any mmap offset of its file",
                        MemoryCases::fileOffset),
                Case.of(
                        "memory.buffer-across-regions",
                        "virtio 1.4, 2.7.4",
                        "a buffer may begin in one region and end in the next",
                        MemoryCases::acrossRegions)));
        all.add(Case.of(
                        "memory.slots",
                        "vhost-user, VHOST_USER_GET_MAX_MEM_SLOTS",
                        "as many regions can be added as GET_MAX_MEM_SLOTS returns (tried: at most 64)",
                        MemoryCases::slots)
                .needs(ProtocolFeature.CONFIGURE_MEM_SLOTS));
        return all;
    }

    private static void tableAgain(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        for (int i = 0; i < ROUNDS; i++) {
            try (Ram more = Ram.create(ELSEWHERE + i * REGION, REGION)) {
                byte[] before = context.datagram(300 + i).complete();
                context.note("a frame, SET_MEM_TABLE with %d regions, a frame", 1 + i % 2);
                driver.send(before);
                driver.frontEnd().setMemTable(i % 2 == 0 ? List.of(driver.ram()) : List.of(more, driver.ram()));
                byte[] after = context.datagram(400 + i).complete();
                driver.send(after);
                context.expect(before, context.receive(driver));
                context.expect(after, context.receive(driver));
            }
        }
    }

    private static void regionsComeAndGo(CaseContext context) {
        NetDriver driver = context.attach(slotted(context));
        for (int i = 0; i < ROUNDS; i++) {
            try (Ram more = Ram.create(ELSEWHERE + i * REGION, REGION)) {
                byte[] before = context.datagram(300 + i).complete();
                byte[] between = context.datagram(400 + i).complete();
                context.note("a frame, ADD_MEM_REG, a frame, REM_MEM_REG");
                driver.send(before);
                driver.frontEnd().addMemReg(more);
                driver.send(between);
                driver.frontEnd().remMemReg(more);
                context.expect(before, context.receive(driver));
                context.expect(between, context.receive(driver));
            }
        }
    }

    private static NetSetup slotted(CaseContext context) {
        return context.setup().withProtocol(ProtocolFeature.CONFIGURE_MEM_SLOTS);
    }

    private static void buffersElsewhere(CaseContext context, boolean slots) {
        NetDriver driver = context.attach(slots ? slotted(context) : context.setup());
        Ram more = context.keep(Ram.create(ELSEWHERE, REGION));
        if (slots) {
            context.note("ADD_MEM_REG, then a frame in that region");
            driver.frontEnd().addMemReg(more);
        } else {
            context.note("SET_MEM_TABLE with a second region, then a frame in that region");
            driver.frontEnd().setMemTable(List.of(driver.ram(), more));
            driver.frontEnd().barrier();
        }
        for (int i = 0; i < 5; i++) {
            SlotCases.sendFrom(context, driver, more);
        }
    }

    private static void eightRegions(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        List<Ram> regions = new ArrayList<>(List.of(driver.ram()));
        while (regions.size() < MOST_IN_TABLE) {
            regions.add(context.keep(Ram.create(ELSEWHERE + 2L * regions.size() * REGION, REGION)));
        }
        context.note("SET_MEM_TABLE with %d regions, then a frame in each", MOST_IN_TABLE);
        driver.frontEnd().setMemTable(regions);
        driver.frontEnd().barrier();
        for (Ram region : regions) {
            SlotCases.sendFrom(context, driver, region);
        }
    }

    private static void fileOffset(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        Ram more = context.keep(Ram.create(ELSEWHERE, REGION, 5 * 4096));
        context.note("SET_MEM_TABLE with a region at offset 0x5000 of its file, then a frame in that region");
        driver.frontEnd().setMemTable(List.of(driver.ram(), more));
        driver.frontEnd().barrier();
        SlotCases.sendFrom(context, driver, more);
        SlotCases.sendFrom(context, driver, more);
    }

    private static void acrossRegions(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        Ram first = context.keep(Ram.create(ELSEWHERE, REGION));
        Ram second = context.keep(Ram.create(ELSEWHERE + REGION, REGION));
        driver.frontEnd().setMemTable(List.of(driver.ram(), first, second));
        driver.frontEnd().barrier();
        byte[] frame = context.datagram(1000).complete();
        byte[] all =
                Arrays.copyOf(DriverHeader.PLAIN.toBytes(driver.headerBytes()), driver.headerBytes() + frame.length);
        ByteBuffer.wrap(all).position(driver.headerBytes()).put(frame);
        int inFirst = 400;
        long address = ELSEWHERE + REGION - inFirst;
        first.memory().write(address, all, 0, inFirst);
        second.memory().write(ELSEWHERE + REGION, all, inFirst, all.length - inFirst);
        FrontEndQueue queue = driver.transmitQueue(0);
        context.note(
                "a frame of %d bytes in one descriptor, the first %d of them in the lower region",
                frame.length, inFirst);
        queue.ring().begin();
        queue.ring().readable(address, all.length).offer();
        CaseContext.publishAndKick(queue);
        context.awaitUsed(queue);
        if (context.loop() != LoopMode.NONE) {
            context.expect(frame, context.receive(driver));
        }
    }

    private static void slots(CaseContext context) {
        NetDriver driver = context.attach(slotted(context));
        long slots = driver.frontEnd().getMaxMemSlots();
        context.require(slots >= 1, "%d slots", slots);
        if (!CaseContext.has(driver, Feature.PROTOCOL_FEATURES)) {
            throw new NotApplicable("PROTOCOL_FEATURES was not negotiated");
        }
        int tried = (int) Math.min(slots, 64);
        context.note("ADD_MEM_REG until there are %d regions, then a frame in the last", tried);
        Ram last = driver.ram();
        for (int i = 1; i < tried; i++) {
            last = context.keep(Ram.create(ELSEWHERE + 2L * i * REGION, 4096));
            driver.frontEnd().addMemReg(last);
        }
        driver.frontEnd().barrier();
        RingDriver ring = driver.transmitQueue(0).ring();
        context.require(ring.inFlight() == 0, "%d chains in flight", ring.inFlight());
        SlotCases.sendFrom(context, driver, last);
    }
}
