// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tests the exact text of every message: each request, and each reply with more than a result code. */
class MessageLinesTest {
    private static final String FRONT_END = """
        GET_FEATURES (need_reply)
        GET_FEATURES (reply) 0x3 CSUM GUEST_CSUM
        SET_FEATURES (need_reply) 0x3 CSUM GUEST_CSUM
        SET_OWNER (need_reply)
        RESET_OWNER (need_reply)
        SET_MEM_TABLE (need_reply) 1 region; guest address 0x3, user address 0x7, 0x5 bytes, mmap offset 0x9, 8 descriptors
        SET_LOG_BASE (need_reply) 0x200000001, 1 descriptor
        SET_LOG_BASE (reply) 0x3
        SET_LOG_FD (need_reply), 1 descriptor
        SET_VRING_NUM (need_reply) ring 1, 2 entries
        SET_VRING_ADDR (need_reply) ring 1, descriptors 0x3, used 0x5, avail 0x7, flags 0x2, log 0x9
        SET_VRING_BASE (need_reply) ring 1, base 0x2
        GET_VRING_BASE (need_reply) ring 1
        GET_VRING_BASE (reply) ring 1, 0x2
        SET_VRING_KICK (need_reply) ring 3, 1 descriptor
        SET_VRING_CALL (need_reply) ring 3, 1 descriptor
        SET_VRING_ERR (need_reply) ring 3, 1 descriptor
        GET_PROTOCOL_FEATURES (need_reply)
        GET_PROTOCOL_FEATURES (reply) 0x3 MQ LOG_SHMFD
        SET_PROTOCOL_FEATURES (need_reply) 0x3 MQ LOG_SHMFD
        GET_QUEUE_NUM (need_reply)
        GET_QUEUE_NUM (reply) 3
        SET_VRING_ENABLE (need_reply) ring 1, enable
        SEND_RARP (need_reply) 03:00:00:00:00:00
        NET_SET_MTU (need_reply) 3
        SET_BACKEND_REQ_FD (need_reply), 1 descriptor
        IOTLB_MSG (need_reply) type 0, iova 0x200000001, 0x3 bytes, user address 0x5, permission 7
        IOTLB_MSG (reply) 0x3
        SET_VRING_ENDIAN (need_reply) ring 1, 0x2
        GET_CONFIG (need_reply) offset 1, 2 bytes
        GET_CONFIG (reply) offset 1, 2 bytes
        SET_CONFIG (need_reply) offset 1, 2 bytes
        CREATE_CRYPTO_SESSION (need_reply) 16 bytes: 01000000020000000300000000000000
        CREATE_CRYPTO_SESSION (reply) 16 bytes: 01000000020000000300000000000000
        CLOSE_CRYPTO_SESSION (need_reply) 0x3
        POSTCOPY_ADVISE (need_reply)
        POSTCOPY_ADVISE (reply)
        POSTCOPY_LISTEN (need_reply)
        POSTCOPY_END (need_reply)
        POSTCOPY_END (reply) 0x3
        GET_INFLIGHT_FD (need_reply) 5 queues of 0, 0x200000001 bytes at offset 0x3 of the file
        GET_INFLIGHT_FD (reply) 5 queues of 0, 0x200000001 bytes at offset 0x3 of the file
        SET_INFLIGHT_FD (need_reply) 5 queues of 0, 0x200000001 bytes at offset 0x3 of the file, 1 descriptor
        GPU_SET_SOCKET (need_reply), 1 descriptor
        RESET_DEVICE (need_reply)
        VRING_KICK (need_reply) ring 1
        GET_MAX_MEM_SLOTS (need_reply)
        GET_MAX_MEM_SLOTS (reply) 3
        ADD_MEM_REG (need_reply) guest address 0x3, user address 0x7, 0x5 bytes, mmap offset 0x9, 1 descriptor
        REM_MEM_REG (need_reply) guest address 0x3, user address 0x7, 0x5 bytes, mmap offset 0x9, 1 descriptor
        SET_STATUS (need_reply) 0x3 ACKNOWLEDGE DRIVER
        GET_STATUS (need_reply)
        GET_STATUS (reply) 0x3 ACKNOWLEDGE DRIVER
        GET_SHARED_OBJECT (need_reply) 16 bytes: 01000000020000000300000000000000
        GET_SHARED_OBJECT (reply)
        SET_DEVICE_STATE_FD (need_reply) load, phase 2, 1 descriptor
        SET_DEVICE_STATE_FD (reply) 0x3
        CHECK_DEVICE_STATE (need_reply)
        CHECK_DEVICE_STATE (reply) 0x3
        GET_SHMEM_CONFIG (need_reply)
        GET_SHMEM_CONFIG (reply) 2056 bytes: 010000000200000003000000000000000500000000000000070000000000000009000000000000000000000000000000…
        """;

    private static final String BACK_END = """
        IOTLB_MSG type 0, iova 0x200000001, 0x3 bytes, user address 0x5, permission 7
        CONFIG_CHANGE_MSG
        VRING_HOST_NOTIFIER_MSG 24 bytes: 010000000200000003000000000000000500000000000000
        VRING_CALL ring 1, 0x2
        VRING_ERR ring 1, 0x2
        SHARED_OBJECT_ADD 16 bytes: 01000000020000000300000000000000
        SHARED_OBJECT_REMOVE 16 bytes: 01000000020000000300000000000000
        SHARED_OBJECT_LOOKUP 16 bytes: 01000000020000000300000000000000
        SHMEM_MAP 40 bytes: 01000000020000000300000000000000050000000000000007000000000000000900000000000000
        SHMEM_UNMAP 40 bytes: 01000000020000000300000000000000050000000000000007000000000000000900000000000000
        """;

    /** Returns the shortest payload of a kind, with small numbers in its fields. */
    private static MemorySegment sample(Payload kind) {
        MemorySegment bytes = MemorySegment.ofArray(new byte[kind.minBytes()]);
        byte[] values = kind == Payload.U64 ? new byte[] {3} : new byte[] {1, 2, 3, 0, 5, 0, 7, 0, 9};
        for (int i = 0; i < values.length && 4L * i < bytes.byteSize(); i++) {
            bytes.set(ValueLayout.JAVA_BYTE, 4L * i, values[i]);
        }
        return bytes;
    }

    @Test
    void eachRequestOfTheFrontEndAndEachReplyHasItsLine() {
        List<String> lines = new ArrayList<>();
        for (Request request : Request.values()) {
            lines.add(MessageText.ofFrontEnd(
                    request.code(),
                    MessageHeader.VERSION | MessageHeader.NEED_REPLY,
                    sample(request.payload()),
                    request.maxDescriptors()));
            request.reply()
                    .ifPresent(reply -> lines.add(MessageText.ofFrontEnd(
                            request.code(), MessageHeader.VERSION | MessageHeader.REPLY, sample(reply), 0)));
        }
        assertThat(String.join("\n", lines) + "\n").isEqualTo(FRONT_END);
    }

    @Test
    void eachRequestOfTheBackEndHasItsLine() {
        List<String> lines = new ArrayList<>();
        for (BackendRequest request : BackendRequest.values()) {
            lines.add(MessageText.ofBackEnd(request.code(), MessageHeader.VERSION, sample(request.payload()), 0));
        }
        assertThat(String.join("\n", lines) + "\n").isEqualTo(BACK_END);
    }
}
