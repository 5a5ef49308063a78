// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.handover;

import java.util.Optional;
import java.util.stream.Stream;

/** The kinds of messages; see the package's description for their order. */
public enum MessageType {
    /** New to old: the oldest and the newest format that it reads. */
    HELLO(1),
    /** Old to new: what guests were promised, and which sockets and ports there are. */
    OFFER(2),
    /** New to old: it could keep that. */
    PREPARE(3),
    /** Old to new: guests and ports, with their descriptors. */
    SETUP(4),
    /** New to old: everything is mapped and warm. */
    READY(5),
    /** Old to new: how far everything is. It stands still. */
    POSITIONS(6),
    /** New to old: it could continue from there. */
    TAKEN(7),
    /** Old to new: the guests are the new one's. */
    COMMIT(8),
    /** Either: nothing is handed over, with a reason. */
    REFUSED(9),
    /** Either: descriptors that belong to the next message, which has more than fit. */
    DESCRIPTORS(10);

    private final int code;

    MessageType(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    static Optional<MessageType> ofCode(int code) {
        return Stream.of(values()).filter(type -> type.code == code).findFirst();
    }
}
