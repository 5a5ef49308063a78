// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.handover;

import java.util.Optional;
import java.util.stream.Stream;

/** The types of messages. The package's description shows their order. */
public enum MessageType {
    /** New to old back-end: the oldest and the newest format that the new one reads. */
    HELLO(1),
    /** Old to new: what guests were promised, and the existing sockets and ports. */
    OFFER(2),
    /** New to old: the new back-end can offer guests the same. */
    PREPARE(3),
    /** Old to new: guests and ports, with their descriptors. */
    SETUP(4),
    /** New to old: all guest memory is mapped, and the code is compiled. */
    READY(5),
    /** Old to new: the positions of all queues and ports, which are stopped now. */
    POSITIONS(6),
    /** New to old: the new back-end can continue from these positions. */
    TAKEN(7),
    /** Old to new: the guests now belong to the new back-end. */
    COMMIT(8),
    /** Either direction: nothing is handed over, for the given reason. */
    REFUSED(9),
    /** Either direction: descriptors of the next message, which has more descriptors than one message can carry. */
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
