// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MemFd;
import org.vhost4j.sys.OpenDescriptors;
import org.vhost4j.vhostuser.wire.MemoryRegion;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.Request;

class MemoryTest {
    private static final long MIB = 1 << 20;

    private static MemoryRegion slot(int i) {
        return new MemoryRegion(i * MIB, MIB, FrontEnd.USER + i * MIB, i * MIB);
    }

    private static FrontEnd ready() throws ProtocolException {
        return new FrontEnd().negotiate(FrontEnd.SPLIT);
    }

    @Test
    void aTableIsMappedAndDescriptorsAreClosed() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            Fd[] fds = {frontEnd.fd(), frontEnd.fd(), frontEnd.fd()};
            frontEnd.tell(Request.SET_MEM_TABLE, FrontEnd.regions(slot(0), slot(5), slot(3)), fds);
            assertThat(fds).noneMatch(Fd::isOpen);
            assertThat(frontEnd.mapper.log)
                    .containsExactly(
                            "map memory region 0: 0x100000 at 0x0",
                            "map memory region 1: 0x100000 at 0x500000",
                            "map memory region 2: 0x100000 at 0x300000");
            assertThat(frontEnd.effects.memory.regions())
                    .extracting(region -> region.guestAddress())
                    .containsExactly(0L, 5 * MIB, 3 * MIB);
            assertThat(frontEnd.effects.memory.regions())
                    .extracting(region -> region.userAddress())
                    .containsExactly(FrontEnd.USER, FrontEnd.USER + 5 * MIB, FrontEnd.USER + 3 * MIB);
        }
    }

    @Test
    void aPayloadWithRoomForAllRegionsIsTaken() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            MemorySegment padded = MemorySegment.ofArray(new byte[264]);
            MemorySegment one = FrontEnd.regions(FrontEnd.RAM);
            MemorySegment.copy(one, 0, padded, 0, one.byteSize());
            frontEnd.tell(Request.SET_MEM_TABLE, padded, frontEnd.fd());
            assertThat(frontEnd.effects.memory.regions()).hasSize(1);
        }
    }

    @Test
    void aNewTableIsMappedBeforeAndTheOldUnmappedAfterTheSwap() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            frontEnd.mapper.log.clear();
            frontEnd.tell(Request.SET_MEM_TABLE, FrontEnd.regions(FrontEnd.RAM), frontEnd.fd());
            assertThat(frontEnd.effects.drain()).containsExactly("stop 0", "memory 1", "start 0 size 256 base 3");
            assertThat(frontEnd.mapper.log)
                    .containsExactly("map memory region 0: 0x1000000 at 0x0", "unmap memory region 0");
            assertThat(frontEnd.mapper.mapped).hasSize(1);
            assertThat(frontEnd.effects.reports).isEmpty();
        }
    }

    /** A device that stopped for a fault would begin again with each of these. */
    @Test
    void whatRestartsQueuesIsNoNewBeginningButGetVringBaseAndAResetAre() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            frontEnd.start(1);
            frontEnd.tell(Request.SET_MEM_TABLE, FrontEnd.regions(FrontEnd.RAM), frontEnd.fd());
            frontEnd.tell(Request.REM_MEM_REG, FrontEnd.region(FrontEnd.RAM));
            frontEnd.tell(Request.ADD_MEM_REG, FrontEnd.region(FrontEnd.RAM), frontEnd.fd());
            frontEnd.kick(0);
            frontEnd.kick(1);
            frontEnd.stop(0);
            frontEnd.start(0);
            assertThat(frontEnd.effects.timesAllStopped).isZero();

            frontEnd.stop(1);
            assertThat(frontEnd.effects.timesAllStopped).isZero();
            frontEnd.stop(0);
            assertThat(frontEnd.effects.timesAllStopped).isEqualTo(1);
            frontEnd.stop(0);
            frontEnd.stop(1);
            assertThat(frontEnd.effects.timesAllStopped).isEqualTo(1);

            frontEnd.start(0).start(1);
            frontEnd.tell(Request.SET_STATUS, Message.u64(0));
            assertThat(frontEnd.effects.timesAllStopped).isEqualTo(2);
        }
    }

    @Test
    void aRingWhoseAddressesVanishIsSuspendedAndResumesWhenTheyAreBack() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            frontEnd.start(1);
            frontEnd.tell(Request.ADD_MEM_REG, FrontEnd.region(slot(64)), frontEnd.fd());
            frontEnd.effects.log.clear();

            frontEnd.tell(Request.REM_MEM_REG, FrontEnd.region(FrontEnd.RAM));
            assertThat(frontEnd.effects.drain()).containsExactly("stop 0", "stop 1", "memory 1");
            assertThat(frontEnd.effects.reports)
                    .first()
                    .isEqualTo("ring 0 is suspended: the memory table changed: descriptor table at user address "
                            + "0x7f0000010000 with 4096 bytes is not inside one memory region");
            assertThat(frontEnd.effects.reports).hasSize(2);
            assertThat(frontEnd.session.runs(0)).isFalse();

            // What concerns a suspended ring is remembered, and its position is known.
            frontEnd.tell(Request.SET_VRING_ENABLE, FrontEnd.state(0, 0));
            frontEnd.tell(Request.SET_VRING_CALL, FrontEnd.file(0, true), frontEnd.fd());
            assertThat(frontEnd.stop(1).num()).isEqualTo(FakeEffects.PROGRESS * 2);
            assertThat(frontEnd.effects.drain()).isEmpty();

            MemoryRegion larger = new MemoryRegion(0, 32 * MIB, FrontEnd.USER, 0);
            frontEnd.tell(Request.ADD_MEM_REG, FrontEnd.region(larger), frontEnd.fd());
            assertThat(frontEnd.effects.drain())
                    .containsExactly("memory 2", "start 0 size 256 base " + FakeEffects.PROGRESS * 2 + " disabled");
            assertThat(frontEnd.effects.reports)
                    .last()
                    .isEqualTo("ring 0 continues: its addresses are in the memory table again");
        }
    }

    @Test
    void aSuspendedRingIsReportedOnce() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            frontEnd.tell(Request.REM_MEM_REG, FrontEnd.region(FrontEnd.RAM));
            frontEnd.tell(Request.ADD_MEM_REG, FrontEnd.region(slot(64)), frontEnd.fd());
            frontEnd.tell(Request.ADD_MEM_REG, FrontEnd.region(slot(65)), frontEnd.fd());
            assertThat(frontEnd.effects.reports).hasSize(1);
        }
    }

    @Test
    void aRingThatTheTargetRefusesAfterAMemoryChangeIsSuspended() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            frontEnd.effects.refusal = "no lane takes it";
            frontEnd.tell(Request.SET_MEM_TABLE, FrontEnd.regions(FrontEnd.RAM), frontEnd.fd());
            assertThat(frontEnd.effects.reports)
                    .containsExactly("ring 0 is suspended: the memory table changed: no lane takes it");
            frontEnd.effects.refusal = null;
            frontEnd.tell(Request.SET_MEM_TABLE, FrontEnd.regions(FrontEnd.RAM), frontEnd.fd());
            assertThat(frontEnd.session.runs(0)).isTrue();
        }
    }

    @Test
    void slotsComeAndGo() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            assertThat(frontEnd.ask(Request.GET_MAX_MEM_SLOTS)).isEqualTo(509);
            for (int i = 0; i < 509; i++) {
                assertThat(frontEnd.acked(Request.ADD_MEM_REG, FrontEnd.region(slot(i)), frontEnd.fd()))
                        .isZero();
            }
            assertThat(frontEnd.effects.memory.regions()).hasSize(509);
            frontEnd.tell(Request.REM_MEM_REG, FrontEnd.region(slot(77)));
            assertThat(frontEnd.mapper.mapped).hasSize(508);
            frontEnd.tell(Request.ADD_MEM_REG, FrontEnd.region(slot(600)), frontEnd.fd());
            assertThat(frontEnd.refused(Request.ADD_MEM_REG, FrontEnd.region(slot(601)), frontEnd.fd()))
                    .hasMessageEndingWith("is one too many: there are 509 memory slots");
        }
    }

    @Test
    void removalIgnoresTheOffsetAndClosesADescriptor() throws ProtocolException {
        try (FrontEnd frontEnd = ready().memory()) {
            Fd stray = frontEnd.fd();
            MemoryRegion named = new MemoryRegion(0, FrontEnd.SIZE, FrontEnd.USER, 12345);
            assertThat(frontEnd.acked(Request.REM_MEM_REG, FrontEnd.region(named), stray))
                    .isZero();
            assertThat(stray.isOpen()).isFalse();
            assertThat(frontEnd.mapper.mapped).isEmpty();
            assertThat(frontEnd.effects.memory.regions()).isEmpty();
        }
    }

    @Test
    void removalOfWhatIsNotThere() throws ProtocolException {
        for (MemoryRegion other : List.of(
                new MemoryRegion(4096, FrontEnd.SIZE, FrontEnd.USER, 0),
                new MemoryRegion(0, FrontEnd.SIZE - 4096, FrontEnd.USER, 0),
                new MemoryRegion(0, FrontEnd.SIZE, FrontEnd.USER + 4096, 0))) {
            try (FrontEnd frontEnd = ready().memory()) {
                ProtocolException e = frontEnd.refused(Request.REM_MEM_REG, FrontEnd.region(other));
                assertThat(e)
                        .hasMessageContaining("is not in the table: "
                                + "guest address, user address and size must be those of a region");
                assertThat(e.reply().orElseThrow().u64()).isEqualTo(1);
                assertThat(frontEnd.mapper.mapped).hasSize(1);
            }
        }
    }

    @Test
    void overlapsAreRefusedByName() throws ProtocolException {
        MemoryRegion a = new MemoryRegion(0, 2 * MIB, FrontEnd.USER, 0);
        MemoryRegion sameGuest = new MemoryRegion(2 * MIB - 1, MIB, FrontEnd.USER + 8 * MIB, 0);
        MemoryRegion sameUser = new MemoryRegion(8 * MIB, MIB, FrontEnd.USER + MIB, 0);
        for (MemoryRegion b : List.of(sameGuest, sameUser, a)) {
            try (FrontEnd frontEnd = ready()) {
                assertThat(frontEnd.refused(
                                Request.SET_MEM_TABLE, FrontEnd.regions(a, b), frontEnd.fd(), frontEnd.fd()))
                        .hasMessage("SET_MEM_TABLE: region 1 (" + b + ") overlaps region 0 (" + a
                                + "): neither guest nor user addresses may overlap");
                assertThat(frontEnd.mapper.log).isEmpty();
            }
            try (FrontEnd frontEnd = ready()) {
                frontEnd.tell(Request.ADD_MEM_REG, FrontEnd.region(a), frontEnd.fd());
                assertThat(frontEnd.refused(Request.ADD_MEM_REG, FrontEnd.region(b), frontEnd.fd()))
                        .hasMessage("ADD_MEM_REG: region (" + b + ") overlaps region (" + a
                                + "): neither guest nor user addresses may overlap");
                assertThat(frontEnd.mapper.mapped).hasSize(1);
            }
        }
    }

    @Test
    void emptyAndWrappingRegionsAreRefused() throws ProtocolException {
        MemoryRegion[] regions = {
            new MemoryRegion(0, 0, FrontEnd.USER, 0),
            new MemoryRegion(0, -1, FrontEnd.USER, 0),
            new MemoryRegion(0, Long.MIN_VALUE, FrontEnd.USER, 0),
            new MemoryRegion(-4096, 8192, FrontEnd.USER, 0),
            new MemoryRegion(0, 8192, -4096, 0),
            new MemoryRegion(0, 8192, FrontEnd.USER, -4096),
        };
        String[] messages = {
            "region at guest address 0x0 has 0 bytes: 1 to 2^63-1 are allowed",
            "region at guest address 0x0 has 18446744073709551615 bytes: 1 to 2^63-1 are allowed",
            "region at guest address 0x0 has 9223372036854775808 bytes: 1 to 2^63-1 are allowed",
            "region at guest address 0xfffffffffffff000 with 0x2000 bytes wraps: it must end below 2^64",
            "region at user address 0xfffffffffffff000 with 0x2000 bytes wraps: it must end below 2^64",
            "region at mmap offset 0xfffffffffffff000 with 0x2000 bytes wraps: it must end below 2^64",
        };
        for (int i = 0; i < regions.length; i++) {
            try (FrontEnd frontEnd = ready()) {
                assertThat(frontEnd.refused(Request.SET_MEM_TABLE, FrontEnd.regions(regions[i]), frontEnd.fd()))
                        .hasMessage("SET_MEM_TABLE: " + messages[i]);
                assertThat(frontEnd.refused(Request.ADD_MEM_REG, FrontEnd.region(regions[i]), frontEnd.fd()))
                        .hasMessage("ADD_MEM_REG: " + messages[i]);
            }
        }
    }

    @Test
    void theLastByteOfEachSpaceMayBeUsed() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            frontEnd.tell(Request.ADD_MEM_REG, FrontEnd.region(new MemoryRegion(-4096, 4096, -4096, 0)), frontEnd.fd());
            assertThat(frontEnd.effects.memory.regions()).hasSize(1);
        }
    }

    @Test
    void aRegionBeyondItsFileLeavesTheTableAsItWas() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            frontEnd.mapper.fileSize = 8 * MIB;
            Fd[] fds = {frontEnd.fd(), frontEnd.fd()};
            assertThat(frontEnd.refused(Request.SET_MEM_TABLE, FrontEnd.regions(slot(0), slot(8)), fds))
                    .hasMessage("SET_MEM_TABLE: region (" + slot(8)
                            + "): cannot map memory region 1: it ends beyond the file's 8388608 bytes");
            assertThat(frontEnd.mapper.mapped).hasSize(1);
            assertThat(frontEnd.session.runs(0)).isTrue();
            assertThat(frontEnd.refused(Request.ADD_MEM_REG, FrontEnd.region(slot(64)), frontEnd.fd()))
                    .hasMessageContaining("it ends beyond the file's 8388608 bytes");
            assertThat(frontEnd.effects.log).isEmpty();
        }
    }

    @Test
    void countSizeAndDescriptorsOfATableAgree() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            MemorySegment two = FrontEnd.regions(slot(0), slot(1));
            assertThat(frontEnd.refused(Request.SET_MEM_TABLE, two, frontEnd.fd()))
                    .hasMessage("SET_MEM_TABLE: 2 memory regions with 1 descriptors: each region needs one descriptor");
            assertThat(frontEnd.refused(Request.SET_MEM_TABLE, two, frontEnd.fd(), frontEnd.fd(), frontEnd.fd()))
                    .hasMessageContaining("2 memory regions with 3 descriptors");
            MemorySegment counted = FrontEnd.regions(slot(0), slot(1));
            for (int count : new int[] {0, 9, 0x10001, -1}) {
                counted.set(ValueLayout.JAVA_INT_UNALIGNED, 0, count);
                assertThat(frontEnd.refused(Request.SET_MEM_TABLE, counted, frontEnd.fd(), frontEnd.fd()))
                        .hasMessage("SET_MEM_TABLE: " + Integer.toUnsignedString(count)
                                + " memory regions: 1 to 8 are allowed");
            }
            for (int count : new int[] {1, 3, 8}) {
                counted.set(ValueLayout.JAVA_INT_UNALIGNED, 0, count);
                assertThat(frontEnd.refused(Request.SET_MEM_TABLE, counted, frontEnd.fd(), frontEnd.fd()))
                        .hasMessageContaining(count + " memory regions in 72 bytes");
            }
        }
    }

    @Test
    void eightRegionsAreTheMostInATable() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            List<MemoryRegion> regions = new ArrayList<>();
            Fd[] fds = new Fd[8];
            for (int i = 0; i < 8; i++) {
                regions.add(slot(i));
                fds[i] = frontEnd.fd();
            }
            frontEnd.tell(Request.SET_MEM_TABLE, FrontEnd.regions(regions.toArray(new MemoryRegion[0])), fds);
            assertThat(frontEnd.effects.memory.regions()).hasSize(8);
        }
    }

    @Test
    void slotsAndTablesShareOneTable() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            frontEnd.tell(Request.ADD_MEM_REG, FrontEnd.region(slot(0)), frontEnd.fd());
            frontEnd.tell(Request.SET_MEM_TABLE, FrontEnd.regions(slot(1), slot(2)), frontEnd.fd(), frontEnd.fd());
            assertThat(frontEnd.mapper.mapped).hasSize(2);
            frontEnd.tell(Request.REM_MEM_REG, FrontEnd.region(slot(1)));
            assertThat(frontEnd.mapper.mapped).hasSize(1);
        }
    }

    @Test
    void realFilesAreMapped() throws ProtocolException {
        // Once to load the classes, whose files are descriptors too.
        useRealFiles();
        OpenDescriptors before = OpenDescriptors.now();
        useRealFiles();
        before.awaitNoOthers();
    }

    private static void useRealFiles() throws ProtocolException {
        try (Session session = new Session(FrontEnd.OPTIONS, new IdleEffects(), RegionMapper.FILES)) {
            MemoryRegion whole = new MemoryRegion(0, 3 * 4096, FrontEnd.USER, 4096);
            assertThat(session.receive(realTable(whole))).isEmpty();
            Message beyond = realTable(new MemoryRegion(0, 3 * 4096, FrontEnd.USER, 2 * 4096));
            assertThatExceptionOfType(ProtocolException.class)
                    .isThrownBy(() -> session.receive(beyond))
                    .withMessageContaining("cannot map memory region 0: it takes 12288 bytes at offset 8192, "
                            + "but the file has 16384 bytes");
        }
    }

    private static Message realTable(MemoryRegion region) {
        return Message.request(
                Request.SET_MEM_TABLE, FrontEnd.regions(region), false, List.of(MemFd.create("guest", 4 * 4096)));
    }
}
