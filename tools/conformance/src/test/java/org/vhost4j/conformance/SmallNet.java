// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.vhost4j.conformance.SmallQueue.Buffer;
import org.vhost4j.conformance.SmallQueue.Chain;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;

/** The device of a {@link SmallBackEnd}: what is transmitted returns, finished by the letter of the specification. */
final class SmallNet {
    private static final int IP = 14;
    private static final int TCP = 34;
    private static final int PAYLOAD = 54;
    /** Long enough for a front-end that has cleared a mark to fetch its page. */
    private static final long FETCH_NANOS = 500_000;

    private final SmallMemory memory;
    private final SmallQueue receive;
    private final SmallQueue transmit;
    private final SmallControl control;
    private final SmallHash hash;
    private final Fault fault;
    private final List<byte[]> waiting = new ArrayList<>();
    private boolean mergeable;
    private boolean hashes;
    private boolean gaveUp;
    private int lastFlags;
    private int headerBytes;

    SmallNet(
            SmallMemory memory,
            SmallQueue receive,
            SmallQueue transmit,
            SmallControl control,
            SmallHash hash,
            Fault fault) {
        this.memory = memory;
        this.receive = receive;
        this.transmit = transmit;
        this.control = control;
        this.hash = hash;
        this.fault = fault;
    }

    void features(long word) {
        mergeable = Feature.MRG_RXBUF.in(word);
        boolean modern = mergeable || Feature.VERSION_1.in(word) || fault == Fault.MODERN_HEADER;
        hashes = Feature.HASH_REPORT.in(word);
        headerBytes = hashes ? DriverHeader.HASH_BYTES : modern ? DriverHeader.BYTES : DriverHeader.LEGACY_BYTES;
        waiting.clear();
        gaveUp = false;
    }

    /** Moves what there is; true when there was something. */
    boolean turn() {
        boolean worked = false;
        if (transmit.runs() && (transmit.enabled() || fault != Fault.DISABLED_WAITS)) {
            int count = transmit.available();
            for (int i = 0; i < count; i++) {
                Chain chain = transmit.take();
                byte[] all = isRefused(chain) ? new byte[0] : read(chain);
                if ((transmit.enabled() || fault == Fault.IGNORED_ENABLE) && all.length >= headerBytes + IP) {
                    waiting.addAll(finished(
                            DriverHeader.read(all, 0, headerBytes), Arrays.copyOfRange(all, headerBytes, all.length)));
                }
                transmit.use(chain, 0);
                worked = true;
            }
            if (worked) {
                transmit.publish();
            }
        }
        if (receive.runs() && (receive.enabled() || fault == Fault.DISABLED_RECEIVES)) {
            while (!waiting.isEmpty() && !gaveUp) {
                byte[] frame = waiting.getFirst();
                boolean done = !control.takes(frame)
                        || deliver(fault == Fault.CUT_FRAME ? Arrays.copyOf(frame, frame.length - 1) : frame);
                if (!done && fault == Fault.STUCK_FRAME && receive.available() > 0) {
                    break;
                }
                gaveUp = !done && fault == Fault.GIVES_UP && receive.available() == 0;
                waiting.removeFirst();
            }
        } else if (waiting.size() > 64) {
            waiting.clear();
        }
        return worked;
    }

    private boolean isRefused(Chain chain) {
        int first = chain.buffers().getFirst().length();
        return (fault == Fault.SHORT_CHAINS && chain.buffers().size() > 8)
                || (fault == Fault.HEADER_IN_ONE && first < headerBytes);
    }

    private byte[] read(Chain chain) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        int most = fault == Fault.FIRST_DESCRIPTOR ? 1 : chain.buffers().size();
        for (Buffer buffer : chain.buffers().subList(0, most)) {
            if (buffer.writable() || buffer.length() < 0 || all.size() + buffer.length() > 70_000) {
                throw new SmallMemory.Outside();
            }
            all.writeBytes(memory.read(buffer.address(), buffer.length()));
        }
        return all.toByteArray();
    }

    private List<byte[]> finished(DriverHeader header, byte[] frame) {
        lastFlags = header.flags();
        boolean segmented =
                header.gsoType() == DriverHeader.GSO_TCPV4 && header.gsoSize() > 0 && frame.length > PAYLOAD;
        if ((header.flags() & DriverHeader.NEEDS_CSUM) == 0 || (!segmented && header.gsoType() != 0)) {
            return header.gsoType() == 0 ? List.of(frame) : List.of();
        }
        return segmented ? segments(frame, header.gsoSize()) : completed(frame, header);
    }

    private List<byte[]> completed(byte[] frame, DriverHeader header) {
        int start = fault == Fault.FIXED_START ? TCP : header.csumStart();
        int at = start + header.csumOffset();
        if (at + 2 > frame.length) {
            return List.of();
        }
        int sum = fold(sum(frame, start, frame.length)) ^ 0xffff;
        put16(frame, at, (sum == 0 && fault != Fault.ZERO_CHECKSUM ? 0xffff : sum) ^ (fault == Fault.CHECKSUM ? 1 : 0));
        return List.of(frame);
    }

    /** TCP over IPv4. */
    private List<byte[]> segments(byte[] whole, int gsoSize) {
        int size = gsoSize + (fault == Fault.SEGMENT_SIZE ? 8 : 0);
        List<byte[]> segments = new ArrayList<>();
        int payload = TCP + ((whole[TCP + 12] & 0xf0) >> 2);
        int sequence = ByteBuffer.wrap(whole).getInt(TCP + 4);
        int identification = get16(whole, IP + 4);
        for (int at = payload; at < whole.length; at += size) {
            int end = Math.min(whole.length, at + size);
            byte[] segment = Arrays.copyOf(whole, payload + end - at);
            ByteBuffer.wrap(segment).position(payload).put(whole, at, end - at);
            if (fault != Fault.SEGMENT_NUMBERS) {
                put16(segment, IP + 4, identification + segments.size());
                ByteBuffer.wrap(segment).putInt(TCP + 4, sequence + at - payload);
            }
            if (fault != Fault.SEGMENT_LENGTH) {
                put16(segment, IP + 2, segment.length - IP);
            }
            if (fault != Fault.SEGMENT_IP_CHECKSUM) {
                put16(segment, IP + 10, 0);
                put16(segment, IP + 10, fold(sum(segment, IP, TCP)) ^ 0xffff);
            }
            if (end < whole.length && fault != Fault.SEGMENT_FLAGS) {
                segment[TCP + 13] &= ~0x09;
            }
            put16(segment, TCP + 16, 0);
            long pseudo = sum(segment, IP + 12, TCP) + 6 + segment.length - TCP;
            int sum = fold(sum(segment, TCP, segment.length) + pseudo) ^ 0xffff;
            boolean wrong = fault == Fault.SEGMENT_CHECKSUM && end == whole.length;
            put16(segment, TCP + 16, wrong ? sum ^ 0x100 : sum);
            if (end < whole.length || fault != Fault.SEGMENT_LOST) {
                segments.add(segment);
            }
        }
        return segments;
    }

    private static long sum(byte[] bytes, int from, int to) {
        long sum = 0;
        for (int i = from; i < to; i++) {
            sum += (i - from) % 2 == 0 ? (bytes[i] & 0xffL) << 8 : bytes[i] & 0xffL;
        }
        return sum;
    }

    private static int fold(long sum) {
        long folded = sum;
        while (folded > 0xffff) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return (int) folded;
    }

    private static int get16(byte[] bytes, int at) {
        return ((bytes[at] & 0xff) << 8) | (bytes[at + 1] & 0xff);
    }

    private static void put16(byte[] bytes, int at, int value) {
        bytes[at] = (byte) (value >>> 8);
        bytes[at + 1] = (byte) value;
    }

    /** Puts a frame into receive buffers; false when there are too few, or too small ones. */
    private boolean deliver(byte[] frame) {
        List<Chain> chains = new ArrayList<>();
        int room = 0;
        int wanted = headerBytes + frame.length;
        int spare = fault == Fault.SPARE_BUFFER && mergeable ? 1 : 0;
        while (room < wanted + spare && receive.available() > 0 && (mergeable || chains.isEmpty())) {
            Chain chain = receive.take();
            chains.add(chain);
            room += chain.buffers().stream().mapToInt(Buffer::length).sum();
        }
        boolean cut = room < wanted && room > 0 && !mergeable && fault == Fault.CUT_TO_ROOM;
        if (room < wanted && !cut) {
            receive.putBack(chains);
            return false;
        }
        wanted = Math.min(wanted, room);
        byte[] header = header(chains.size()).toBytes(headerBytes);
        if (hashes) {
            hash.report(frame, ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN));
        }
        byte[] all = Arrays.copyOf(header, wanted);
        ByteBuffer.wrap(all).position(headerBytes).put(frame, 0, wanted - headerBytes);
        int at = 0;
        for (Chain chain : chains) {
            int before = at;
            int most = fault == Fault.FIRST_WRITTEN ? 1 : chain.buffers().size();
            for (Buffer buffer : chain.buffers().subList(0, most)) {
                int part = Math.min(buffer.length(), wanted - at);
                if (fault == Fault.MARKED_FIRST) {
                    memory.mark(buffer.address(), part);
                    memory.awaitCleared(buffer.address(), part);
                    LockSupport.parkNanos(FETCH_NANOS);
                }
                memory.write(buffer.address(), all, at, part);
                if (fault != Fault.UNMARKED_PAGE && fault != Fault.MARKED_FIRST) {
                    memory.mark(buffer.address(), part);
                }
                at += part;
            }
            receive.use(chain, at - before - (fault == Fault.USED_LENGTH ? headerBytes : 0));
        }
        receive.publish();
        return true;
    }

    private DriverHeader header(int chains) {
        int told = chains - (fault == Fault.NUM_BUFFERS && chains > 1 ? 1 : 0);
        int flags = fault == Fault.STALE_FLAGS ? lastFlags : 0;
        return new DriverHeader(flags, 0, 0, 0, 0, 0, fault == Fault.NUM_BUFFERS_ZERO && !mergeable ? 0 : told);
    }
}
