// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class RequestTest {
    /**
     * The requests of the specification: code, name, minimum size of the payload in bytes, and whether the request has
     * a reply without need_reply.
     */
    @ParameterizedTest
    @CsvSource({
        "1, GET_FEATURES, 0, true",
        "2, SET_FEATURES, 8, false",
        "3, SET_OWNER, 0, false",
        "4, RESET_OWNER, 0, false",
        "5, SET_MEM_TABLE, 40, false",
        "6, SET_LOG_BASE, 8, true",
        "7, SET_LOG_FD, 0, false",
        "8, SET_VRING_NUM, 8, false",
        "9, SET_VRING_ADDR, 40, false",
        "10, SET_VRING_BASE, 8, false",
        "11, GET_VRING_BASE, 8, true",
        "12, SET_VRING_KICK, 8, false",
        "13, SET_VRING_CALL, 8, false",
        "14, SET_VRING_ERR, 8, false",
        "15, GET_PROTOCOL_FEATURES, 0, true",
        "16, SET_PROTOCOL_FEATURES, 8, false",
        "17, GET_QUEUE_NUM, 0, true",
        "18, SET_VRING_ENABLE, 8, false",
        "19, SEND_RARP, 8, false",
        "20, NET_SET_MTU, 8, false",
        "21, SET_BACKEND_REQ_FD, 0, false",
        "22, IOTLB_MSG, 32, true",
        "23, SET_VRING_ENDIAN, 8, false",
        "24, GET_CONFIG, 12, true",
        "25, SET_CONFIG, 12, false",
        "26, CREATE_CRYPTO_SESSION, 16, true",
        "27, CLOSE_CRYPTO_SESSION, 8, false",
        "28, POSTCOPY_ADVISE, 0, true",
        "29, POSTCOPY_LISTEN, 0, false",
        "30, POSTCOPY_END, 0, true",
        "31, GET_INFLIGHT_FD, 20, true",
        "32, SET_INFLIGHT_FD, 20, false",
        "33, GPU_SET_SOCKET, 0, false",
        "34, RESET_DEVICE, 0, false",
        "35, VRING_KICK, 8, false",
        "36, GET_MAX_MEM_SLOTS, 0, true",
        "37, ADD_MEM_REG, 40, false",
        "38, REM_MEM_REG, 40, false",
        "39, SET_STATUS, 8, false",
        "40, GET_STATUS, 0, true",
        "41, GET_SHARED_OBJECT, 16, true",
        "42, SET_DEVICE_STATE_FD, 8, true",
        "43, CHECK_DEVICE_STATE, 0, true",
        "44, GET_SHMEM_CONFIG, 0, true"
    })
    void table(int code, Request request, int bytes, boolean answered) {
        assertThat(request.code()).isEqualTo(code);
        assertThat(Request.ofCode(code)).contains(request);
        assertThat(request.payload().minBytes()).isEqualTo(bytes);
        assertThat(request.reply().isPresent()).isEqualTo(answered);
        assertThat(MessageHeader.nameOf(code)).isEqualTo(request.name());
    }

    @Test
    void codesOutsideTheTable() {
        assertThat(Request.values()).hasSize(44);
        for (int code : new int[] {0, 45, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            assertThat(Request.ofCode(code)).isEmpty();
            assertThat(BackendRequest.ofCode(code)).isEmpty();
        }
        assertThat(MessageHeader.nameOf(-1)).isEqualTo("request 4294967295");
    }

    @ParameterizedTest
    @EnumSource
    void numbersOfDescriptors(Request request) {
        assertThat(request.minDescriptors()).isBetween(0, 1);
        assertThat(request.maxDescriptors()).isBetween(request.minDescriptors(), 8);
        assertThat(request.name().endsWith("_FD") && request != Request.GET_INFLIGHT_FD)
                .as("a request named after a descriptor takes one")
                .isEqualTo(request.minDescriptors() == 1 && request.name().endsWith("_FD"));
    }

    @ParameterizedTest
    @EnumSource
    void backendRequestsAreInOrder(BackendRequest request) {
        assertThat(BackendRequest.ofCode(request.code())).contains(request);
        assertThat(request.protocolFeature().isEmpty()).isEqualTo(request == BackendRequest.IOTLB_MSG);
        assertThat(request.payload().minBytes()).isEqualTo(request.payload().maxBytes());
    }

    @ParameterizedTest
    @EnumSource
    void protocolFeaturesAreInOrder(ProtocolFeature feature) {
        assertThat(ProtocolFeature.ofBit(feature.bit())).contains(feature);
        assertThat(feature.in(feature.mask())).isTrue();
        assertThat(feature.in(~feature.mask())).isFalse();
    }

    @Test
    void protocolFeatureWords() {
        assertThat(ProtocolFeature.SHMEM_MAP.bit()).isEqualTo(22);
        assertThat(ProtocolFeature.GPA_ADDRESSES.bit()).isEqualTo(21);
        assertThat(ProtocolFeature.STATUS.bit()).isEqualTo(16);
        assertThat(ProtocolFeature.ofBit(23)).isEmpty();
        assertThat(ProtocolFeature.ofBit(-1)).isEmpty();
        assertThat(ProtocolFeature.of(-1)).hasSize(23);
        assertThat(ProtocolFeature.word(Arrays.asList(ProtocolFeature.values())))
                .isEqualTo(0x7f_ffff);
        assertThat(ProtocolFeature.names(1L << 63 | 1 << 23 | 1)).containsExactly("MQ", "BIT_23", "BIT_63");
        assertThat(ProtocolFeature.INBAND_NOTIFICATIONS.requires())
                .containsExactlyInAnyOrder(ProtocolFeature.BACKEND_REQ, ProtocolFeature.REPLY_ACK);
        assertThat(ProtocolFeature.GET_VRING_BASE_INFLIGHT.requires()).containsExactly(ProtocolFeature.INFLIGHT_SHMFD);
    }

    @Test
    void payloadRanges() {
        assertThat(Payload.U64.range()).isEqualTo("8 bytes");
        assertThat(Payload.CONFIG_SPACE.range()).isEqualTo("12 to 268 bytes");
        assertThat(Payload.MEMORY_REGIONS.range()).isEqualTo("40 to 264 bytes");
        assertThat(Payload.SHMEM_CONFIG.maxBytes()).isLessThan(MessageReader.DEFAULT_MAX_PAYLOAD);
    }
}
