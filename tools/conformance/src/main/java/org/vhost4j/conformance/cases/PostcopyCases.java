// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.List;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.conformance.LoopMode;
import org.vhost4j.conformance.NotApplicable;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.Postcopy;
import org.vhost4j.frontend.Ram;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Cases about postcopy migration: guest memory arrives while the guest runs, and the front-end serves the back-end's page faults. */
public final class PostcopyCases implements CaseGroup {
    private static final String POSTCOPY = "vhost-user, Migration: postcopy";
    private static final int REGION = 1 << 20;
    private static final int FRAMES = 5;

    @Override
    public String title() {
        return "Migration: postcopy";
    }

    @Override
    public List<Case> cases() {
        return Case.onBoth(
                Case.of(
                                "postcopy.advise-and-end",
                                POSTCOPY,
                                "POSTCOPY_ADVISE returns a userfaultfd, SET_MEM_TABLE is answered with addresses, and "
                                        + "POSTCOPY_END ends postcopy",
                                PostcopyCases::adviseAndEnd)
                        .needs(ProtocolFeature.PAGEFAULT),
                Case.of(
                                "postcopy.page-fault",
                                POSTCOPY,
                                "a page that has not arrived causes a page fault, and is used after it has arrived",
                                PostcopyCases::pageFault)
                        .needs(ProtocolFeature.PAGEFAULT));
    }

    private static Postcopy advise(CaseContext context, NetDriver driver) {
        context.note("POSTCOPY_ADVISE, POSTCOPY_LISTEN");
        Postcopy postcopy;
        try {
            postcopy = context.keep(Postcopy.advise(driver.frontEnd()));
        } catch (FrontEndException e) {
            if (String.valueOf(e.getMessage()).contains("descriptors")) {
                throw new NotApplicable("the back-end may not use userfaultfd on this host");
            }
            throw e;
        }
        postcopy.listen();
        return postcopy;
    }

    private static void adviseAndEnd(CaseContext context) {
        NetDriver driver = context.negotiated(context.setup().withProtocol(ProtocolFeature.PAGEFAULT));
        Postcopy postcopy = advise(context, driver);
        context.note("SET_MEM_TABLE, rings, %d frames, POSTCOPY_END, %d frames", FRAMES, FRAMES);
        driver.start(() -> postcopy.share(driver.guestRam().regions()));
        TransmitBuffer buffer = TransmitBuffer.of(context, driver);
        buffer.send(FRAMES);
        postcopy.end();
        buffer.send(FRAMES);
    }

    private static void pageFault(CaseContext context) {
        NetDriver driver = context.negotiated(context.setup().withProtocol(ProtocolFeature.PAGEFAULT));
        Ram late = driver.guestRam().plug(REGION);
        DriverMemory memory = late.memory();
        byte[] frame = context.datagram(600).complete();
        byte[] header = new byte[driver.headerBytes()];
        long address = memory.allocate(header.length + frame.length, Postcopy.PAGE);
        memory.write(address, header, 0, header.length);
        memory.write(address + header.length, frame, 0, frame.length);
        Postcopy postcopy = advise(context, driver);
        context.note("a frame in memory that has not arrived");
        postcopy.withhold(late, 0, REGION);
        driver.start(() -> postcopy.share(driver.guestRam().regions()));
        driver.transmitQueue(0).ring().begin();
        driver.transmitQueue(0)
                .ring()
                .readable(address, header.length + frame.length)
                .offer();
        CaseContext.publishAndKick(driver.transmitQueue(0));
        context.awaitUsed(driver.transmitQueue(0));
        context.require(postcopy.served() > 0, "the frame was used, and there was no page fault");
        if (context.loop() != LoopMode.NONE) {
            context.expect(frame, context.receive(driver));
        }
        postcopy.end();
    }
}
