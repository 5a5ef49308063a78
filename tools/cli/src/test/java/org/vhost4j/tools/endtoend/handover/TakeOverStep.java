// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.handover;

import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.vhost4j.vhostuser.handover.HandOverChannel.Moment;
import org.vhost4j.vhostuser.handover.MessageType;

/** A step of the new back-end at which it can be killed, in chronological order. */
enum TakeOverStep {
    /** It has connected. */
    CONNECTED(Moment.SENDING, MessageType.HELLO),
    HELLO_SENT(Moment.SENT, MessageType.HELLO),
    OFFER_RECEIVED(Moment.RECEIVED, MessageType.OFFER),
    PREPARE_SENT(Moment.SENT, MessageType.PREPARE),
    /** Descriptors have come, and nothing is mapped. */
    SETUP_RECEIVED(Moment.RECEIVED, MessageType.SETUP),
    /** Guests are mapped, and ports are not there yet. */
    MAPPING(null, null),
    /** Everything is mapped. */
    MAPPED(null, null),
    /** Its code is warm. */
    WARM(Moment.SENDING, MessageType.READY),
    READY_SENT(Moment.SENT, MessageType.READY),
    /** Everything stands still in the old one. */
    POSITIONS_RECEIVED(Moment.RECEIVED, MessageType.POSITIONS),
    /** Positions of guests are adopted, and those of ports are not. */
    ADOPTING(null, null),
    /** All positions are adopted. */
    ADOPTED(Moment.SENDING, MessageType.TAKEN),
    /** It has said that it can continue, and the old one has not yet permitted it. */
    TAKEN_SENT(Moment.SENT, MessageType.TAKEN),
    /** The old one has permitted it, and it has not heard of that: the first step that is final. */
    COMMIT_SENT(Moment.AWAITING, MessageType.COMMIT),
    COMMIT_RECEIVED(Moment.RECEIVED, MessageType.COMMIT),
    /** Queues run, and no frame has moved through them. */
    BEGINNING(null, null),
    /** It serves. */
    SERVING(null, null);

    private final @Nullable Moment moment;
    private final @Nullable MessageType type;

    TakeOverStep(@Nullable Moment moment, @Nullable MessageType type) {
        this.moment = moment;
        this.type = type;
    }

    /** Which step it is when the new back-end's channel is there with a message. */
    static Optional<TakeOverStep> of(Moment moment, MessageType type) {
        return Arrays.stream(values())
                .filter(step -> step.moment == moment && step.type == type)
                .findFirst();
    }

    /** Whether the old back-end has the guests no more. */
    boolean isFinal() {
        return compareTo(COMMIT_SENT) >= 0;
    }
}
