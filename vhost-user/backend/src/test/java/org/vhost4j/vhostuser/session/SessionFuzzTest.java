// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.ConfigSpace;
import org.vhost4j.vhostuser.wire.MemoryRegion;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.MessageReader;
import org.vhost4j.vhostuser.wire.MessageWriter;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

/**
 * Tests a session with random front-ends. Most of their messages are valid, so that they reach deep states; some are
 * damaged. A session ends with a {@link ProtocolException} or continues, {@link FakeEffects} detects no violated
 * contract, and no resource is leaked.
 */
class SessionFuzzTest {
    private static final int MESSAGES = 4000;
    private static final List<Request> REQUESTS = List.of(Request.values());
    /** The first or the second holds all rings; the rest holds none. */
    private static final MemoryRegion[] REGIONS = {
        FrontEnd.RAM,
        new MemoryRegion(0, 2 * FrontEnd.SIZE, FrontEnd.USER, 0),
        new MemoryRegion(1L << 30, FrontEnd.SIZE, FrontEnd.USER + (1L << 30), FrontEnd.SIZE),
        new MemoryRegion(1L << 40, 4096, 1L << 45, 4096),
    };

    private final Map<Request, Integer> accepted = new EnumMap<>(Request.class);
    private int refused;
    private int starts;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void nothingIsLeftOver(long seed) {
        Random random = new Random(seed);
        int sent = 0;
        while (sent < MESSAGES) {
            try (FrontEnd frontEnd = new FrontEnd()) {
                sent += life(random, frontEnd, MESSAGES - sent);
            }
        }
        // Otherwise all this would prove nothing.
        assertThat(refused).isGreaterThan(50);
        assertThat(starts).isGreaterThan(300);
        assertThat(accepted.keySet()).hasSizeGreaterThan(25);
    }

    /** One connection, to its first error. */
    private int life(Random random, FrontEnd frontEnd, int most) {
        MessageReader reader = MessageReader.ofRequests();
        int sent = 0;
        try {
            if (random.nextInt(10) != 0) {
                frontEnd.negotiate(
                        random.nextInt(4) == 0 ? FrontEnd.SPLIT | Feature.RING_PACKED.mask() : FrontEnd.SPLIT);
                frontEnd.memory().prepare(0).prepare(1).prepare(2).prepare(3).prepare(4);
            }
            while (sent < most) {
                sent++;
                step(random, frontEnd, reader, request(random, frontEnd));
            }
        } catch (ProtocolException e) {
            refused++;
            assertThat(e.getMessage()).isNotBlank().doesNotContain("\n").doesNotContain("null");
        } finally {
            reader.close();
            starts += frontEnd.effects.starts;
        }
        return sent;
    }

    /** Any request, but rarely one that is sure to end this life. */
    private static Request request(Random random, FrontEnd frontEnd) {
        while (true) {
            Request request =
                    random.nextInt(8) == 0 ? Request.SET_VRING_KICK : REQUESTS.get(random.nextInt(REQUESTS.size()));
            boolean good = switch (request) {
                case RESET_DEVICE -> random.nextInt(20) == 0;
                case SET_VRING_NUM, SET_VRING_BASE, SET_FEATURES -> frontEnd.effects.running.isEmpty();
                case SET_VRING_KICK ->
                    !frontEnd.session.features().isEmpty()
                            && !overlapping(frontEnd, REGIONS[0]).isEmpty();
                case ADD_MEM_REG -> !absent(frontEnd).isEmpty();
                case REM_MEM_REG -> !table(frontEnd).isEmpty();
                case SET_LOG_FD, IOTLB_MSG, GPU_SET_SOCKET -> false;
                default ->
                    request.protocolFeature()
                            .map(SessionOptions.SERVED::contains)
                            .orElse(true);
            };
            if (good || random.nextInt(400) == 0) {
                return request;
            }
        }
    }

    private void step(Random random, FrontEnd frontEnd, MessageReader reader, Request request)
            throws ProtocolException {
        MemorySegment payload = payload(random, frontEnd, request);
        int count = descriptorCount(random, request, payload);
        if (random.nextInt(200) == 0) {
            count = random.nextInt(10);
        }
        List<Fd> descriptors = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            descriptors.add(frontEnd.fd());
        }
        byte[] bytes = MessageWriter.bytes(Message.request(request, payload, random.nextBoolean(), List.of()));
        if (random.nextInt(60) == 0) {
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
        frontEnd.effects.refusal = random.nextInt(100) == 0 ? "refused at random" : null;
        frontEnd.mapper.fileSize = random.nextInt(100) == 0 ? 4096 : 1L << 40;
        MemorySegment all = MemorySegment.ofArray(bytes);
        for (long at = 0; at < all.byteSize(); ) {
            long length = Math.min(all.byteSize() - at, 1 + random.nextInt(reader.wanted()));
            Optional<Message> message = reader.accept(all.asSlice(at, length), at == 0 ? descriptors : List.of());
            at += length;
            if (message.isPresent()) {
                Request received = Request.ofCode(message.get().code()).orElse(request);
                frontEnd.session
                        .receive(message.get())
                        .ifPresent(reply -> assertThat(reply.flags()).isEqualTo(5));
                accepted.merge(received, 1, Integer::sum);
            }
        }
    }

    private static int descriptorCount(Random random, Request request, MemorySegment payload) {
        return switch (request) {
            case SET_MEM_TABLE -> Math.clamp(payload.get(ValueLayout.JAVA_INT_UNALIGNED, 0), 0, 8);
            case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR ->
                (payload.get(ValueLayout.JAVA_LONG_UNALIGNED, 0) & 0x100) == 0 ? 1 : 0;
            case REM_MEM_REG -> random.nextInt(2);
            default -> request.minDescriptors();
        };
    }

    private static MemorySegment payload(Random random, FrontEnd frontEnd, Request request) {
        int ring = random.nextInt(5);
        return switch (request) {
            case SET_FEATURES -> Message.u64(FrontEnd.SPLIT & ~(1L << random.nextInt(60)));
            case SET_PROTOCOL_FEATURES -> Message.u64(ProtocolFeature.word(SessionOptions.SERVED));
            case SET_MEM_TABLE ->
                switch (random.nextInt(6)) {
                    case 0 -> FrontEnd.regions(REGIONS[2], REGIONS[3]);
                    case 1 -> FrontEnd.regions(REGIONS[1], REGIONS[2], REGIONS[3]);
                    case 2 -> FrontEnd.regions(REGIONS[1]);
                    default -> FrontEnd.regions(REGIONS[0], REGIONS[2]);
                };
            case ADD_MEM_REG -> FrontEnd.region(any(random, absent(frontEnd)));
            case REM_MEM_REG -> FrontEnd.region(any(random, table(frontEnd)));
            case SET_VRING_NUM -> FrontEnd.state(ring, 1 << random.nextInt(11));
            case SET_VRING_BASE -> FrontEnd.state(ring, random.nextInt(200));
            case GET_VRING_BASE -> FrontEnd.state(ring, 0);
            case SET_VRING_ENABLE -> FrontEnd.state(ring, random.nextInt(2));
            case SET_VRING_ADDR ->
                FrontEnd.address(
                                ring,
                                FrontEnd.USER
                                        + (random.nextInt(50) == 0 ? FrontEnd.SIZE : 0x10000L * random.nextInt(8)))
                        .toPayload();
            case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR -> FrontEnd.file(ring, random.nextInt(4) != 0);
            case GET_CONFIG, SET_CONFIG ->
                new ConfigSpace(
                                random.nextInt(24),
                                random.nextInt(2),
                                MemorySegment.ofArray(new byte[random.nextInt(24)]))
                        .toPayload();
            case SET_STATUS -> Message.u64(random.nextInt(16));
            case NET_SET_MTU -> Message.u64(random.nextInt(10000));
            default -> MemorySegment.ofArray(new byte[request.payload().minBytes()]);
        };
    }

    private static List<MemoryRegion> absent(FrontEnd frontEnd) {
        return Stream.of(REGIONS)
                .filter(region -> overlapping(frontEnd, region).isEmpty())
                .toList();
    }

    private static List<MemoryRegion> overlapping(FrontEnd frontEnd, MemoryRegion region) {
        return table(frontEnd).stream().filter(region::overlaps).toList();
    }

    private static MemoryRegion any(Random random, List<MemoryRegion> candidates) {
        return candidates.isEmpty() ? REGIONS[0] : candidates.get(random.nextInt(candidates.size()));
    }

    private static List<MemoryRegion> table(FrontEnd frontEnd) {
        return frontEnd.effects.memory.regions().stream()
                .map(region -> new MemoryRegion(region.guestAddress(), region.size(), region.userAddress(), 0))
                .toList();
    }

    /** What a front-end can repeat forever must not cost anything. */
    @Test
    void nothingGrowsByRepetition() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            frontEnd.tell(Request.SET_BACKEND_REQ_FD, Message.noPayload(), frontEnd.fd());
            frontEnd.tell(Request.SET_VRING_CALL, FrontEnd.file(0, true), frontEnd.fd());
            frontEnd.tell(Request.SET_VRING_ERR, FrontEnd.file(0, true), frontEnd.fd());
            long open = frontEnd.sent.stream().filter(Fd::isOpen).count();
            for (int i = 0; i < 1000; i++) {
                frontEnd.tell(Request.SET_MEM_TABLE, FrontEnd.regions(FrontEnd.RAM), frontEnd.fd());
                frontEnd.tell(Request.SET_BACKEND_REQ_FD, Message.noPayload(), frontEnd.fd());
                frontEnd.tell(Request.SET_VRING_KICK, FrontEnd.file(0, true), frontEnd.fd());
                frontEnd.tell(Request.SET_VRING_CALL, FrontEnd.file(0, true), frontEnd.fd());
                frontEnd.tell(Request.SET_VRING_ERR, FrontEnd.file(0, true), frontEnd.fd());
                frontEnd.tell(Request.SET_VRING_NUM, FrontEnd.state(0, 256));
                frontEnd.tell(Request.ADD_MEM_REG, FrontEnd.region(REGIONS[3]), frontEnd.fd());
                frontEnd.tell(Request.REM_MEM_REG, FrontEnd.region(REGIONS[3]), frontEnd.fd());
            }
            assertThat(frontEnd.sent.stream().filter(Fd::isOpen)).hasSize((int) open);
            assertThat(frontEnd.mapper.mapped).hasSize(1);
            assertThat(frontEnd.effects.running).hasSize(1);
        }
    }
}
