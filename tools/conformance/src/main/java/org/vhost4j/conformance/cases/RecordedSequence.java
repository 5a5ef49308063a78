// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.Ram;
import org.vhost4j.sys.EventFd;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

/**
 * Replays the requests by which a recorded front-end initialized a device, in the same order. A resource contains them,
 * one per line, with the index of a ring, or the features, after the request's name. Addresses, sizes and descriptors
 * are those of this front-end; features that it lacks or the back-end does not offer are not acknowledged, and requests
 * that need a protocol feature that is not acknowledged are omitted.
 */
final class RecordedSequence {
    private static final String PLACE = "sequences/";
    private static final int MTU = 1500;
    private static final int MAC_BYTES = 6;

    private final CaseContext context;
    private final List<String[]> lines;
    private final FrontEnd frontEnd;
    private @Nullable NetDriver driver;

    private RecordedSequence(CaseContext context, List<String[]> lines) {
        this.context = context;
        this.lines = lines;
        this.frontEnd = context.connect();
    }

    /**
     * Initializes a device.
     *
     * @param name name of the resource, without its suffix
     * @return a driver whose rings run
     */
    static NetDriver run(CaseContext context, String name) {
        return new RecordedSequence(context, read(name)).run();
    }

    /** Returns the lines of a recording, split into words. */
    static List<String[]> read(String name) {
        try (InputStream stream = RecordedSequence.class.getResourceAsStream(PLACE + name + ".txt")) {
            if (stream == null) {
                throw new IllegalStateException("there is no recording " + name);
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> line.split(" "))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private NetDriver run() {
        int last = 0;
        for (int i = 0; i < lines.size(); i++) {
            last = lines.get(i)[0].equals(Request.SET_FEATURES.name()) ? i : last;
        }
        for (int i = 0; i < lines.size(); i++) {
            String[] words = lines.get(i);
            Request request = Request.valueOf(words[0]);
            if (isKnown(request)) {
                context.note("%s", String.join(" ", words));
                send(
                        request,
                        words.length > 1 ? Long.decode(words[1]) : 0,
                        words.length > 2 ? Long.decode(words[2]) : 0);
            }
            if (i == last) {
                driver = context.keep(NetDriver.over(frontEnd, context.setup()));
            }
        }
        frontEnd.barrier();
        return started();
    }

    /** Returns whether the acknowledged features allow a request. */
    private boolean isKnown(Request request) {
        boolean protocol = context.offer().has(Feature.PROTOCOL_FEATURES);
        return switch (request) {
            // Without memory slots, SET_MEM_TABLE is sent instead.
            case ADD_MEM_REG -> true;
            case GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES, SET_VRING_ENABLE -> protocol;
            default -> request.protocolFeature().map(this::has).orElse(true);
        };
    }

    private boolean has(ProtocolFeature feature) {
        return feature.in(frontEnd.protocolFeatures());
    }

    private NetDriver started() {
        NetDriver made = driver;
        if (made == null) {
            throw new IllegalStateException("the recording has no SET_FEATURES before its memory and rings");
        }
        return made;
    }

    private void send(Request request, long first, long second) {
        int ring = (int) first;
        switch (request) {
            case GET_FEATURES -> frontEnd.getFeatures();
            case GET_PROTOCOL_FEATURES -> frontEnd.getProtocolFeatures();
            case SET_PROTOCOL_FEATURES ->
                frontEnd.setProtocolFeatures(context.offer().protocolWord() & first);
            case SET_FEATURES ->
                frontEnd.setFeatures(context.offer().features().low()
                        & first
                        & (context.setup().features() | Feature.PROTOCOL_FEATURES.mask()));
            case GET_QUEUE_NUM -> frontEnd.getQueueNum();
            case GET_MAX_MEM_SLOTS -> frontEnd.getMaxMemSlots();
            case SET_BACKEND_REQ_FD -> context.keep(frontEnd.openBackendChannel());
            case SET_OWNER -> frontEnd.setOwner();
            case RESET_DEVICE -> frontEnd.resetDevice();
            case GET_STATUS -> frontEnd.getStatus();
            case SET_STATUS -> frontEnd.setStatus((int) first);
            case GET_CONFIG -> frontEnd.getConfig(0, MAC_BYTES);
            case NET_SET_MTU -> frontEnd.netSetMtu(MTU);
            case ADD_MEM_REG -> add();
            case SET_MEM_TABLE -> frontEnd.setMemTable(started().guestRam().regions());
            case SET_VRING_ENABLE -> frontEnd.setVringEnable(ring, second != 0);
            case SET_VRING_NUM -> frontEnd.setVringNum(ring, queue(ring).ring().size());
            case SET_VRING_BASE ->
                frontEnd.setVringBase(ring, queue(ring).ring().deviceBase());
            case SET_VRING_ADDR -> queue(ring).setAddress(frontEnd, false);
            case SET_VRING_KICK ->
                frontEnd.setVringKick(ring, queue(ring).kick().fd());
            case SET_VRING_CALL ->
                frontEnd.setVringCall(
                        ring,
                        driver == null
                                ? context.keep(EventFd.create()).fd()
                                : queue(ring).call().fd());
            case SET_VRING_ERR ->
                frontEnd.setVringErr(
                        ring,
                        driver == null
                                ? context.keep(EventFd.create()).fd()
                                : queue(ring).err().fd());
            default -> throw new IllegalStateException("the recording has " + request);
        }
    }

    private FrontEndQueue queue(int ring) {
        return started().queues().get(ring);
    }

    private void add() {
        List<Ram> regions = started().guestRam().regions();
        if (has(ProtocolFeature.CONFIGURE_MEM_SLOTS)) {
            regions.forEach(frontEnd::addMemReg);
        } else {
            frontEnd.setMemTable(regions);
        }
    }
}
