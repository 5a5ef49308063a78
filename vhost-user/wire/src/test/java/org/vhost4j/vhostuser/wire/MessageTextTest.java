// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MessageTextTest {
    private static String front(Request request, int flags, MemorySegment payload, int descriptors) {
        return MessageText.ofFrontEnd(request.code(), flags, payload, descriptors);
    }

    @Test
    void requestsAreInTheSpecificationsWords() {
        assertThat(front(Request.GET_FEATURES, 1, Message.noPayload(), 0)).isEqualTo("GET_FEATURES");
        assertThat(front(Request.GET_FEATURES, 5, Message.u64(0x1_0000_0001L), 0))
                .isEqualTo("GET_FEATURES (reply) 0x100000001 CSUM VERSION_1");
        assertThat(front(Request.SET_PROTOCOL_FEATURES, 9, Message.u64(9), 0))
                .isEqualTo("SET_PROTOCOL_FEATURES (need_reply) 0x9 MQ REPLY_ACK");
        assertThat(front(Request.SET_VRING_NUM, 1, new VringState(1, 256).toPayload(), 0))
                .isEqualTo("SET_VRING_NUM ring 1, 256 entries");
        assertThat(front(Request.SET_VRING_ENABLE, 9, new VringState(2, 0).toPayload(), 0))
                .isEqualTo("SET_VRING_ENABLE (need_reply) ring 2, disable");
        assertThat(front(Request.SET_VRING_KICK, 1, Message.u64(3), 1))
                .isEqualTo("SET_VRING_KICK ring 3, 1 descriptor");
        assertThat(front(Request.SET_VRING_CALL, 1, Message.u64(0x103), 0))
                .isEqualTo("SET_VRING_CALL ring 3, no descriptor");
        assertThat(front(Request.SET_STATUS, 1, Message.u64(0x4f), 0))
                .isEqualTo("SET_STATUS 0x4f ACKNOWLEDGE DRIVER DRIVER_OK FEATURES_OK NEEDS_RESET");
        assertThat(front(Request.SET_OWNER, 5, Message.u64(1), 0)).isEqualTo("SET_OWNER (reply) 0x1");
        assertThat(front(
                        Request.SET_MEM_TABLE,
                        1,
                        new MemoryRegions(List.of(new MemoryRegion(0x1000, 0x2000, 0x7000, 0))).toPayload(),
                        1))
                .isEqualTo(
                        "SET_MEM_TABLE 1 region; guest address 0x1000, user address 0x7000, 0x2000 bytes, mmap offset"
                                + " 0x0, 1 descriptor");
        assertThat(front(
                        Request.IOTLB_MSG,
                        1,
                        new IotlbMessage(0x1000, 0x1000, 0x7000, 3, IotlbMessage.UPDATE).toPayload(),
                        0))
                .isEqualTo("IOTLB_MSG update, iova 0x1000, 0x1000 bytes, user address 0x7000, permission 3");
    }

    @Test
    void theBackEndsRequestsHaveTheirOwnNames() {
        assertThat(MessageText.ofBackEnd(2, 1, Message.noPayload(), 0)).isEqualTo("CONFIG_CHANGE_MSG");
        assertThat(MessageText.ofBackEnd(1, 5, Message.u64(0), 0)).isEqualTo("IOTLB_MSG (reply) 0");
        assertThat(MessageText.ofBackEnd(99, 1, Message.noPayload(), 0)).isEqualTo("request 99");
    }

    @Test
    void whatIsNotAsTheProtocolWantsItIsShownAsItIs() {
        MemorySegment four = MemorySegment.ofArray(new byte[] {1, 2, 3, 4});
        assertThat(front(Request.SET_FEATURES, 1, four, 0)).isEqualTo("SET_FEATURES 4 bytes: 01020304");
        assertThat(MessageText.ofFrontEnd(1000, 2, four, 2))
                .isEqualTo("request 1000 flags 0x2 4 bytes: 01020304, 2 descriptors");
    }

    @Test
    void everyRequestCanBeShownWithAnyBytes() {
        Random random = new Random(1);
        for (Request request : Request.values()) {
            for (int size = 0; size <= Payload.SHMEM_CONFIG.maxBytes(); size += size < 64 ? 1 : 249) {
                byte[] bytes = new byte[size];
                random.nextBytes(bytes);
                for (int flags = 0; flags < 16; flags++) {
                    MemorySegment payload = MemorySegment.ofArray(bytes);
                    assertThat(front(request, flags, payload, 0)).startsWith(request.name());
                    assertThat(MessageText.ofBackEnd(request.code(), flags, payload, 0))
                            .doesNotContain("\n");
                }
            }
        }
    }
}
