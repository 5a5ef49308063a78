// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.Request;
import org.vhost4j.vhostuser.wire.VringAddress;
import org.vhost4j.vhostuser.wire.VringState;

class RingTest {
    private static final long PACKED = FrontEnd.SPLIT | Feature.RING_PACKED.mask();

    private static FrontEnd ready() throws ProtocolException {
        FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT).memory().prepare(0);
        frontEnd.effects.log.clear();
        return frontEnd;
    }

    @Test
    void kickStartsTheRing() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            assertThat(frontEnd.session.runs(0)).isFalse();
            Fd kick = frontEnd.kick(0);
            assertThat(frontEnd.effects.drain()).containsExactly("start 0 size 256 base 0 disabled");
            QueueSetup setup = Objects.requireNonNull(frontEnd.effects.running.get(0));
            assertThat(setup.kick()).isSameAs(kick);
            assertThat(setup.call()).isNull();
            assertThat(setup.err()).isNull();
            long ram = frontEnd.effects.memory.regions().get(0).memory().address();
            assertThat(setup.descriptors().address()).isEqualTo(ram + 0x10000);
            assertThat(setup.avail().address()).isEqualTo(ram + 0x14000);
            assertThat(setup.used().address()).isEqualTo(ram + 0x18000);
            assertThat(setup.descriptors().byteSize()).isEqualTo(256 * 16);
            assertThat(setup.avail().byteSize()).isEqualTo(6 + 256 * 2);
            assertThat(setup.used().byteSize()).isEqualTo(6 + 256 * 8);
        }
    }

    /** Until then what the back-end keeps of the queue counts when its process has died. */
    @Test
    void theFrontEndIsToldAPositionWhenItStopsTheRingAndNotBefore() throws ProtocolException {
        List<Integer> told;
        try (FrontEnd frontEnd =
                new FrontEnd().negotiate(FrontEnd.SPLIT).memory().start(0)) {
            told = frontEnd.effects.told;
            frontEnd.start(1).memory();
            assertThat(frontEnd.effects.running).containsOnlyKeys(0, 1);
            assertThat(told).isEmpty();
            assertThat(frontEnd.stop(1).index()).isOne();
            assertThat(told).containsExactly(1);
        }
        assertThat(told).as("after the connection has ended").containsExactly(1);
    }

    @Test
    void enableAndDisableAreTrackedWhetherOrNotTheRingRuns() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            frontEnd.tell(Request.SET_VRING_ENABLE, FrontEnd.state(0, 1));
            assertThat(frontEnd.effects.log).isEmpty();
            frontEnd.kick(0);
            frontEnd.tell(Request.SET_VRING_ENABLE, FrontEnd.state(0, 1));
            frontEnd.tell(Request.SET_VRING_ENABLE, FrontEnd.state(0, 0));
            frontEnd.tell(Request.SET_VRING_ENABLE, FrontEnd.state(0, 1));
            assertThat(frontEnd.effects.drain()).containsExactly("start 0 size 256 base 0", "disable 0", "enable 0");
        }
    }

    @Test
    void ringsMayBeEnabledBeforeFeaturesAndMemory() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd()) {
            frontEnd.tell(Request.SET_VRING_ENABLE, FrontEnd.state(0, 1));
            frontEnd.negotiate(FrontEnd.SPLIT).memory().start(0);
            assertThat(frontEnd.effects.drain()).contains("start 0 size 256 base 0");
        }
    }

    @Test
    void withoutProtocolFeaturesAllRingsAreEnabled() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd()) {
            frontEnd.tell(Request.SET_FEATURES, Message.u64(FrontEnd.SPLIT & ~FrontEnd.PROTOCOL_FEATURES_BIT));
            frontEnd.memory().start(0).start(1);
            assertThat(frontEnd.effects.drain()).contains("start 0 size 256 base 0", "start 1 size 256 base 0");
        }
    }

    @Test
    void givingUpProtocolFeaturesEnablesRingsThatRun() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            frontEnd.kick(0);
            frontEnd.effects.log.clear();
            frontEnd.tell(Request.SET_FEATURES, Message.u64(FrontEnd.SPLIT & ~FrontEnd.PROTOCOL_FEATURES_BIT));
            assertThat(frontEnd.effects.drain()).containsExactly("enable 0");
        }
    }

    @Test
    void kickWithoutADescriptorMeansPolling() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            frontEnd.tell(Request.SET_VRING_KICK, FrontEnd.file(0, false));
            assertThat(frontEnd.effects.drain()).containsExactly("start 0 size 256 base 0 disabled polled");
        }
    }

    @Test
    void aSecondKickReplacesTheFirstWhereTheRingWas() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            Fd first = frontEnd.kick(0);
            Fd second = frontEnd.kick(0);
            assertThat(frontEnd.effects.drain())
                    .containsExactly("start 0 size 256 base 0 disabled", "stop 0", "start 0 size 256 base 3 disabled");
            assertThat(first.isOpen()).isFalse();
            assertThat(second.isOpen()).isTrue();
        }
    }

    @Test
    void stopReportsHowFarTheRingCameAndMayBeRepeated() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            frontEnd.tell(Request.SET_VRING_BASE, FrontEnd.state(0, 0xfffe));
            Fd kick = frontEnd.kick(0);
            assertThat(frontEnd.stop(0)).isEqualTo(new VringState(0, 1));
            assertThat(kick.isOpen()).isFalse();
            assertThat(frontEnd.stop(0)).isEqualTo(new VringState(0, 1));
            frontEnd.kick(0);
            assertThat(frontEnd.effects.drain())
                    .containsExactly(
                            "start 0 size 256 base 65534 disabled", "stop 0", "start 0 size 256 base 1 disabled");
        }
    }

    @Test
    void stopOfARingThatNeverRanReportsWhatWasSet() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd()) {
            assertThat(frontEnd.stop(1)).isEqualTo(new VringState(1, 0));
            frontEnd.tell(Request.SET_VRING_BASE, FrontEnd.state(1, 77));
            assertThat(frontEnd.stop(1)).isEqualTo(new VringState(1, 77));
        }
    }

    @Test
    void reservedNumOfGetVringBaseIsIgnored() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            Optional<Message> reply =
                    frontEnd.send(Message.request(Request.GET_VRING_BASE, FrontEnd.state(0, 99), false, List.of()));
            assertThat(VringState.read(reply.orElseThrow().payload())).isEqualTo(new VringState(0, 3));
        }
    }

    @Test
    void aNewCallIsInUseBeforeTheAcknowledgementAndTheOldIsClosedAfterwards() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            Fd first = frontEnd.fd();
            Fd second = frontEnd.fd();
            frontEnd.tell(Request.SET_VRING_CALL, FrontEnd.file(0, true), first);
            assertThat(frontEnd.effects.log)
                    .as("a stopped ring does not notify")
                    .isEmpty();
            frontEnd.kick(0);
            assertThat(Objects.requireNonNull(frontEnd.effects.running.get(0)).call())
                    .isSameAs(first);
            frontEnd.effects.log.clear();
            assertThat(frontEnd.acked(Request.SET_VRING_CALL, FrontEnd.file(0, true), second))
                    .isZero();
            assertThat(frontEnd.effects.drain()).containsExactly("call 0");
            assertThat(first.isOpen()).isFalse();
            frontEnd.tell(Request.SET_VRING_CALL, FrontEnd.file(0, false));
            assertThat(frontEnd.effects.drain()).containsExactly("no call 0");
            assertThat(second.isOpen()).isFalse();
        }
    }

    @Test
    void callAndErrSurviveAStop() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            Fd call = frontEnd.fd();
            Fd err = frontEnd.fd();
            frontEnd.kick(0);
            frontEnd.tell(Request.SET_VRING_CALL, FrontEnd.file(0, true), call);
            frontEnd.tell(Request.SET_VRING_ERR, FrontEnd.file(0, true), err);
            assertThat(frontEnd.effects.drain()).endsWith("call 0", "err 0");
            frontEnd.stop(0);
            frontEnd.kick(0);
            QueueSetup setup = Objects.requireNonNull(frontEnd.effects.running.get(0));
            assertThat(setup.call()).isSameAs(call);
            assertThat(setup.err()).isSameAs(err);
            frontEnd.tell(Request.SET_VRING_ERR, FrontEnd.file(0, false));
            assertThat(err.isOpen()).isFalse();
            assertThat(frontEnd.effects.drain()).endsWith("no err 0");
        }
    }

    @Test
    void otherAddressesMoveARingThatRuns() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            frontEnd.tell(Request.SET_VRING_ADDR, FrontEnd.address(0).toPayload());
            assertThat(frontEnd.effects.log).as("the same addresses").isEmpty();
            frontEnd.tell(
                    Request.SET_VRING_ADDR,
                    FrontEnd.address(0, FrontEnd.USER + 0x800000).toPayload());
            assertThat(frontEnd.effects.drain()).containsExactly("stop 0", "start 0 size 256 base 3");
        }
    }

    @Test
    void otherAddressesOutsideMemoryAreRefusedWhileTheRingRuns() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            assertThat(frontEnd.refused(
                            Request.SET_VRING_ADDR,
                            FrontEnd.address(0, FrontEnd.USER + FrontEnd.SIZE).toPayload()))
                    .hasMessage("SET_VRING_ADDR: ring 0: it cannot be started: descriptor table at user address "
                            + "0x7f0001000000 with 4096 bytes is not inside one memory region");
            assertThat(frontEnd.effects.running).isEmpty();
        }
    }

    @Test
    void sizeAndBaseOfAStartedRingStay() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            frontEnd.tell(Request.SET_VRING_NUM, FrontEnd.state(0, 256));
            assertThat(frontEnd.refused(Request.SET_VRING_NUM, FrontEnd.state(0, 128)))
                    .hasMessage(
                            "SET_VRING_NUM: ring 0: size 128 while it is started: GET_VRING_BASE must stop it first");
            assertThat(frontEnd.refused(Request.SET_VRING_BASE, FrontEnd.state(0, 0)))
                    .hasMessageContaining("base 0x0 while it is started");
        }
    }

    @Test
    void kickNeedsFeatures() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().memory().prepare(0)) {
            assertThat(frontEnd.refused(Request.SET_VRING_KICK, FrontEnd.file(0, true), frontEnd.fd()))
                    .hasMessage(
                            "SET_VRING_KICK: ring 0: no features are acknowledged: SET_FEATURES must come before it");
        }
    }

    @Test
    void kickNeedsSizeAddressesAndMemory() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT)) {
            assertThat(frontEnd.refused(Request.SET_VRING_KICK, FrontEnd.file(0, true), frontEnd.fd()))
                    .hasMessage("SET_VRING_KICK: ring 0: it cannot be started: it has no size; "
                            + "SET_VRING_NUM must come before SET_VRING_KICK");
            frontEnd.tell(Request.SET_VRING_NUM, FrontEnd.state(0, 256));
            assertThat(frontEnd.refused(Request.SET_VRING_KICK, FrontEnd.file(0, true), frontEnd.fd()))
                    .hasMessageContaining("it has no addresses");
            frontEnd.tell(Request.SET_VRING_ADDR, FrontEnd.address(0).toPayload());
            assertThat(frontEnd.refused(Request.SET_VRING_KICK, FrontEnd.file(0, true), frontEnd.fd()))
                    .hasMessageContaining("is not inside one memory region");
            frontEnd.memory();
            // The base may be missing: a fresh ring begins at 0.
            frontEnd.kick(0);
            assertThat(frontEnd.effects.drain()).endsWith("start 0 size 256 base 0 disabled");
        }
    }

    @Test
    void whatTheTargetRefusesIsNotStarted() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            frontEnd.effects.refusal = "the kick is not an eventfd but /dev/zero";
            assertThat(frontEnd.refused(Request.SET_VRING_KICK, FrontEnd.file(0, true), frontEnd.fd()))
                    .hasMessage(
                            "SET_VRING_KICK: ring 0: it cannot be started: the kick is not an eventfd but /dev/zero");
            assertThat(frontEnd.session.runs(0)).isFalse();
        }
    }

    @Test
    void aCallOrErrThatTheTargetRefusesReplacesNothing() throws ProtocolException {
        for (Request request : new Request[] {Request.SET_VRING_CALL, Request.SET_VRING_ERR}) {
            try (FrontEnd frontEnd = new FrontEnd().started()) {
                Fd before = frontEnd.fd();
                frontEnd.tell(request, FrontEnd.file(0, true), before);
                frontEnd.effects.refusal = "not an eventfd";
                assertThat(frontEnd.refused(request, FrontEnd.file(0, true), frontEnd.fd()))
                        .hasMessage(request + ": ring 0: the descriptor cannot be used: not an eventfd");
                assertThat(before.isOpen()).isTrue();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 6, 255, 256, 0x100, 0x10000, 0x10001, 0x7fffffff, 0x80000000, 0xffffffff})
    void noSuchRing(int index) throws ProtocolException {
        for (Request request : new Request[] {
            Request.SET_VRING_NUM, Request.SET_VRING_BASE, Request.SET_VRING_ENABLE, Request.GET_VRING_BASE
        }) {
            try (FrontEnd frontEnd = new FrontEnd().started()) {
                assertThat(frontEnd.refused(request, FrontEnd.state(index, 1)))
                        .hasMessage(request + ": ring " + Integer.toUnsignedString(index) + ": rings 0 to 4 exist");
            }
        }
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            assertThat(frontEnd.refused(
                            Request.SET_VRING_ADDR,
                            FrontEnd.address(index, FrontEnd.USER).toPayload()))
                    .hasMessageContaining("rings 0 to 4 exist");
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SET_VRING_KICK", "SET_VRING_CALL", "SET_VRING_ERR"})
    void descriptorsOfARing(Request request) throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            assertThat(frontEnd.refused(request, FrontEnd.file(5, true), frontEnd.fd()))
                    .hasMessage(request + ": ring 5: rings 0 to 4 exist");
            for (long payload : new long[] {0x200, 0x10000, 0xffffffffL, 1L << 32, 1L << 63, -1}) {
                assertThat(frontEnd.refused(request, Message.u64(payload), frontEnd.fd()))
                        .hasMessageContaining("all others must be 0");
            }
            assertThat(frontEnd.refused(request, FrontEnd.file(0, true)))
                    .hasMessage(request + ": ring 0: 0 descriptors: one is required, because bit 8 is clear");
            assertThat(frontEnd.refused(request, FrontEnd.file(0, false), frontEnd.fd()))
                    .hasMessage(request + ": ring 0: 1 descriptors: none is allowed, because bit 8 is set");
            assertThat(frontEnd.refused(request, FrontEnd.file(0, true), frontEnd.fd(), frontEnd.fd()))
                    .hasMessage(request + ": 2 descriptors: 0 to 1 may come");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 6, 255, 1000, 1025, 2048, 32769, 0x10000, 0x80000000, 0xffffffff})
    void badSizesOfASplitRing(int size) throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT)) {
            assertThat(frontEnd.refused(Request.SET_VRING_NUM, FrontEnd.state(0, size)))
                    .hasMessageStartingWith("SET_VRING_NUM: ring 0: size " + Integer.toUnsignedString(size) + ": ");
        }
    }

    @Test
    void sizeIsCheckedAgainWhenTheLayoutIsKnown() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().memory()) {
            frontEnd.tell(Request.SET_VRING_NUM, FrontEnd.state(0, 100));
            frontEnd.tell(Request.SET_VRING_ADDR, FrontEnd.address(0).toPayload());
            frontEnd.negotiate(FrontEnd.SPLIT);
            assertThat(frontEnd.refused(Request.SET_VRING_KICK, FrontEnd.file(0, true), frontEnd.fd()))
                    .hasMessageContaining("size 100 is not a power of two, which a split ring needs");
        }
    }

    @Test
    void theLargestRing() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd(
                        new SessionOptions(FrontEnd.FEATURES, SessionOptions.SERVED, 1, 32768, 24, 509))
                .negotiate(FrontEnd.SPLIT)
                .memory()) {
            frontEnd.tell(Request.SET_VRING_NUM, FrontEnd.state(0, 32768));
            frontEnd.tell(
                    Request.SET_VRING_ADDR,
                    new VringAddress(0, 0, FrontEnd.USER, FrontEnd.USER + 0x200000, FrontEnd.USER + 0x100000, 0)
                            .toPayload());
            frontEnd.kick(0);
            assertThat(frontEnd.effects.drain()).endsWith("start 0 size 32768 base 0 disabled");
            assertThat(frontEnd.refused(Request.SET_VRING_NUM, FrontEnd.state(0, 32769)))
                    .hasMessage("SET_VRING_NUM: ring 0: size 32769: 1 to 32768 are allowed");
        }
    }

    @Test
    void aSplitBaseHas16Bits() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            frontEnd.tell(Request.SET_VRING_BASE, FrontEnd.state(0, 0x10000));
            assertThat(frontEnd.refused(Request.SET_VRING_KICK, FrontEnd.file(0, true), frontEnd.fd()))
                    .hasMessageContaining("base 0x10000 does not fit the 16 bits of a split ring's index");
        }
    }

    @Test
    void unalignedAddresses() throws ProtocolException {
        long[][] wrong = {{8, 0, 0}, {0, 2, 0}, {0, 0, 1}};
        String[] what = {"descriptor table", "used ring", "available ring"};
        int[] alignment = {16, 4, 2};
        for (int i = 0; i < 3; i++) {
            try (FrontEnd frontEnd = ready()) {
                VringAddress address = new VringAddress(
                        0,
                        0,
                        FrontEnd.USER + wrong[i][0],
                        FrontEnd.USER + 0x8000 + wrong[i][1],
                        FrontEnd.USER + 0x4000 + wrong[i][2],
                        0);
                assertThat(frontEnd.refused(Request.SET_VRING_ADDR, address.toPayload()))
                        .hasMessageStartingWith("SET_VRING_ADDR: ring 0: " + what[i] + " at user address 0x7f0000")
                        .hasMessageEndingWith("it must be aligned to " + alignment[i] + " bytes");
            }
        }
    }

    @Test
    void alignmentCountsWhereTheRingIsMapped() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT)) {
            frontEnd.mapper.skew = 8;
            frontEnd.memory().prepare(0);
            assertThat(frontEnd.refused(Request.SET_VRING_KICK, FrontEnd.file(0, true), frontEnd.fd()))
                    .hasMessageContaining("descriptor table at user address 0x7f0000010000 is not aligned to 16 bytes");
        }
    }

    @Test
    void addressesOutsideOrAcrossMemory() throws ProtocolException {
        long end = FrontEnd.USER + FrontEnd.SIZE;
        VringAddress inside = FrontEnd.address(0);
        VringAddress[] outside = {
            new VringAddress(0, 0, 0, inside.used(), inside.avail(), 0),
            new VringAddress(0, 0, -16, inside.used(), inside.avail(), 0),
            new VringAddress(0, 0, end, inside.used(), inside.avail(), 0),
            new VringAddress(0, 0, end - 4080, inside.used(), inside.avail(), 0),
            new VringAddress(0, 0, inside.descriptors(), end - 2048, inside.avail(), 0),
            new VringAddress(0, 0, inside.descriptors(), inside.used(), end - 512, 0),
            new VringAddress(0, 0, FrontEnd.USER - 16, inside.used(), inside.avail(), 0),
        };
        for (VringAddress address : outside) {
            try (FrontEnd frontEnd = ready()) {
                frontEnd.tell(Request.SET_VRING_ADDR, address.toPayload());
                assertThat(frontEnd.refused(Request.SET_VRING_KICK, FrontEnd.file(0, true), frontEnd.fd()))
                        .hasMessageContaining("is not inside one memory region");
            }
        }
    }

    @Test
    void ringsMayTouchTheEndOfMemory() throws ProtocolException {
        long end = FrontEnd.USER + FrontEnd.SIZE;
        try (FrontEnd frontEnd = ready()) {
            frontEnd.tell(
                    Request.SET_VRING_ADDR,
                    new VringAddress(0, 0, end - 4096, end - 0x8000 - 2056, end - 0x4000 - 518, 0).toPayload());
            frontEnd.kick(0);
            assertThat(frontEnd.session.runs(0)).isTrue();
        }
    }

    @Test
    void flagsOfAnAddress() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            VringAddress at = FrontEnd.address(0);
            assertThat(frontEnd.refused(
                            Request.SET_VRING_ADDR,
                            new VringAddress(0, VringAddress.LOG, at.descriptors(), at.used(), at.avail(), 0)
                                    .toPayload()))
                    .hasMessage("SET_VRING_ADDR: ring 0: flag VHOST_VRING_F_LOG: "
                            + "logging needs feature LOG_ALL, which was never offered");
            assertThat(frontEnd.refused(
                            Request.SET_VRING_ADDR,
                            new VringAddress(0, 0x40, at.descriptors(), at.used(), at.avail(), 0).toPayload()))
                    .hasMessage("SET_VRING_ADDR: ring 0: flags 0x40: only 0x1 has a meaning");
        }
    }

    @Test
    void enableTakesZeroOrOne() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            assertThat(frontEnd.refused(Request.SET_VRING_ENABLE, FrontEnd.state(0, 2)))
                    .hasMessage("SET_VRING_ENABLE: ring 0: value 2: 0 (disable) or 1 (enable) are allowed");
            assertThat(frontEnd.refused(Request.SET_VRING_ENABLE, FrontEnd.state(0, -1)))
                    .hasMessageContaining("value 4294967295");
        }
    }

    @Test
    void aPackedRing() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().negotiate(PACKED).memory()) {
            frontEnd.tell(Request.SET_VRING_NUM, FrontEnd.state(0, 100));
            MemorySegment address = FrontEnd.address(0).toPayload();
            frontEnd.tell(Request.SET_VRING_ADDR, address);
            assertThat(frontEnd.stop(0).num()).as("a fresh ring").isEqualTo(0x8000_8000);
            frontEnd.kick(0);
            QueueSetup setup = Objects.requireNonNull(frontEnd.effects.running.get(0));
            assertThat(setup.layout()).isEqualTo(RingLayout.PACKED);
            assertThat(setup.descriptors().byteSize()).isEqualTo(1600);
            assertThat(setup.avail().byteSize()).isEqualTo(4);
            assertThat(setup.used().byteSize()).isEqualTo(4);
            assertThat(setup.base()).isEqualTo(0x8000_8000);
        }
    }

    @Test
    void aPackedRingIsStricterAboutTheDriverArea() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().negotiate(PACKED).memory()) {
            frontEnd.tell(Request.SET_VRING_NUM, FrontEnd.state(0, 100));
            long at = FrontEnd.USER + 0x10000;
            frontEnd.tell(Request.SET_VRING_ADDR, new VringAddress(0, 0, at, at + 0x8000, at + 0x4002, 0).toPayload());
            assertThat(frontEnd.refused(Request.SET_VRING_KICK, FrontEnd.file(0, true), frontEnd.fd()))
                    .hasMessageContaining("available ring at user address 0x7f0000014002 is not aligned to 4 bytes");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 0x8064, 100 << 16, 0x7fff, 0xffff_0000})
    void aPackedBaseLiesInTheRing(int base) throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().negotiate(PACKED).memory()) {
            frontEnd.tell(Request.SET_VRING_NUM, FrontEnd.state(0, 100));
            frontEnd.tell(Request.SET_VRING_ADDR, FrontEnd.address(0).toPayload());
            frontEnd.tell(Request.SET_VRING_BASE, FrontEnd.state(0, base));
            assertThat(frontEnd.refused(Request.SET_VRING_KICK, FrontEnd.file(0, true), frontEnd.fd()))
                    .hasMessageContaining("has an index outside a ring of 100");
        }
    }
}
