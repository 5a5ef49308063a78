// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.FrontEndSocket;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.BackendRequest;
import org.vhost4j.vhostuser.wire.IotlbMessage;
import org.vhost4j.vhostuser.wire.MessageHeader;

/** The channel of a {@link SmallBackEnd}, by which it says nothing, one fault excepted: its config space never changes. */
final class SmallChannel {
    private final Fault fault;
    private @Nullable FrontEndSocket socket;

    SmallChannel(Fault fault) {
        this.fault = fault;
    }

    /** Takes another channel. */
    void open(Fd descriptor) {
        close();
        socket = FrontEndSocket.adopt(descriptor.duplicate());
    }

    void close() {
        FrontEndSocket last = socket;
        socket = null;
        if (last != null) {
            last.close();
        }
    }

    /** What a faulty back-end says though nothing has changed; {@code config} is whether the front-end acknowledged CONFIG. */
    void tell(boolean config) {
        FrontEndSocket channel = socket;
        boolean unasked = fault == Fault.CHANGE_UNASKED && !config;
        boolean payload = fault == Fault.CHANGE_PAYLOAD && config;
        if (channel != null && (unasked || payload)) {
            byte[] bytes = payload ? new byte[Long.BYTES] : new byte[0];
            try {
                channel.send(
                        RawMessage.encode(BackendRequest.CONFIG_CHANGE_MSG.code(), MessageHeader.VERSION, bytes),
                        List.of(),
                        Duration.ofSeconds(1));
            } catch (FrontEndException e) {
                close();
            }
        }
    }

    /** Asks for the translation of an address. */
    void miss(long iova) {
        FrontEndSocket to = socket;
        if (to == null) {
            throw new SmallMemory.Outside();
        }
        IotlbMessage asked = new IotlbMessage(iova, 0, 0, IotlbMessage.READ, IotlbMessage.MISS);
        to.send(
                RawMessage.encode(
                        BackendRequest.IOTLB_MSG.code(),
                        MessageHeader.VERSION,
                        asked.toPayload().toArray(ValueLayout.JAVA_BYTE)),
                List.of(),
                Duration.ofSeconds(1));
    }

    /** Whether the end of the channel is taken for the end of the connection, and has come. */
    boolean endsAll() {
        FrontEndSocket channel = socket;
        return fault == Fault.CHANNEL_ENDS && channel != null && channel.awaitClosed(Duration.ZERO);
    }
}
