// SPDX-License-Identifier: Apache-2.0
/*
 * The work of SegmentBenchmark and ChecksumBenchmark with DPDK's libraries: super-frames cut by rte_gso, checksums by rte_ip.h, the
 * segments in contiguous buffers. rte_gso of DPDK 22.11 does not support TCP over IPv6 or UDP segmentation: those are cut by hand here,
 * with the same checksum functions.
 *
 * Prints lines of "name parameter nanoseconds": the best of several rounds, in one thread.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_gso.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#define PAYLOAD (45 * 1448)
#define MOST_SEGMENTS 256
#define BUFFER 9216
#define ROUNDS 400
#define ROUND_NANOS 5000000.0

enum kind { TCPV4, TCPV6, UDP_L4 };

static const char *const names[] = {"TCPV4", "TCPV6", "UDP_L4"};

static struct rte_mempool *packets;
static struct rte_mempool *direct;
static struct rte_mempool *indirect;
static uint8_t *buffers;
static uint8_t *source;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* Headers of a frame with this many bytes of payload; the checksums are left out. */
static int write_headers(uint8_t *frame, enum kind kind, int payload)
{
	struct rte_ether_hdr *ether = (struct rte_ether_hdr *)frame;
	uint8_t *ip = frame + sizeof(*ether);
	int l4 = kind == UDP_L4 ? 8 : 20;
	int l3 = kind == TCPV6 ? 40 : 20;

	memset(frame, 0, sizeof(*ether) + l3 + l4);
	ether->ether_type = rte_cpu_to_be_16(kind == TCPV6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4);
	if (kind == TCPV6) {
		struct rte_ipv6_hdr *v6 = (struct rte_ipv6_hdr *)ip;

		v6->vtc_flow = rte_cpu_to_be_32(0x60000000);
		v6->payload_len = rte_cpu_to_be_16(l4 + payload);
		v6->proto = IPPROTO_TCP;
		v6->hop_limits = 64;
	} else {
		struct rte_ipv4_hdr *v4 = (struct rte_ipv4_hdr *)ip;

		v4->version_ihl = 0x45;
		v4->total_length = rte_cpu_to_be_16(l3 + l4 + payload);
		v4->time_to_live = 64;
		v4->next_proto_id = kind == TCPV4 ? IPPROTO_TCP : IPPROTO_UDP;
		v4->src_addr = rte_cpu_to_be_32(0x0a000001);
		v4->dst_addr = rte_cpu_to_be_32(0x0a000002);
	}
	if (kind == UDP_L4)
		((struct rte_udp_hdr *)(ip + l3))->dgram_len = rte_cpu_to_be_16(l4 + payload);
	else {
		((struct rte_tcp_hdr *)(ip + l3))->data_off = 0x50;
		((struct rte_tcp_hdr *)(ip + l3))->tcp_flags = 0x18;
	}
	return sizeof(*ether) + l3 + l4;
}

static void finish_checksums(uint8_t *frame, enum kind kind)
{
	uint8_t *ip = frame + sizeof(struct rte_ether_hdr);

	if (kind == TCPV6) {
		struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 40);

		tcp->cksum = 0;
		tcp->cksum = rte_ipv6_udptcp_cksum((struct rte_ipv6_hdr *)ip, tcp);
		return;
	}
	struct rte_ipv4_hdr *v4 = (struct rte_ipv4_hdr *)ip;

	v4->hdr_checksum = 0;
	v4->hdr_checksum = rte_ipv4_cksum(v4);
	if (kind == TCPV4) {
		struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 20);

		tcp->cksum = 0;
		tcp->cksum = rte_ipv4_udptcp_cksum(v4, tcp);
	} else {
		struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 20);

		udp->dgram_cksum = 0;
		udp->dgram_cksum = rte_ipv4_udptcp_cksum(v4, udp);
	}
}

/* rte_gso makes chains of a header and a slice of the payload: gathered into buffers, where the checksums are completed. */
static void cut_by_library(struct rte_mbuf *packet, int mss, int headers)
{
	static struct rte_mbuf *segments[MOST_SEGMENTS];
	struct rte_gso_ctx context = {
		.direct_pool = direct,
		.indirect_pool = indirect,
		.gso_types = RTE_ETH_TX_OFFLOAD_TCP_TSO,
		.gso_size = (uint16_t)(mss + headers),
	};
	/* The library clears the flag of segmented packets. */
	packet->ol_flags = RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4;
	int n = rte_gso_segment(packet, &context, segments, MOST_SEGMENTS);

	if (n <= 1) {
		fprintf(stderr, "rte_gso_segment: %d\n", n);
		exit(1);
	}
	for (int i = 0; i < n; i++) {
		uint8_t *to = buffers + (size_t)i * BUFFER;

		for (struct rte_mbuf *m = segments[i]; m; m = m->next) {
			memcpy(to, rte_pktmbuf_mtod(m, void *), m->data_len);
			to += m->data_len;
		}
		finish_checksums(buffers + (size_t)i * BUFFER, TCPV4);
	}
	rte_pktmbuf_free_bulk(segments, n);
}

static void cut_by_hand(const uint8_t *frame, enum kind kind, int mss, int headers)
{
	int segment = 0;

	for (int at = 0; at < PAYLOAD; at += mss, segment++) {
		uint8_t *to = buffers + (size_t)segment * BUFFER;
		int bytes = PAYLOAD - at < mss ? PAYLOAD - at : mss;
		int transport = headers - (kind == UDP_L4 ? 8 : 20);

		memcpy(to, frame, headers);
		memcpy(to + headers, frame + headers + at, bytes);
		if (kind == TCPV6) {
			struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(to + transport);

			((struct rte_ipv6_hdr *)(to + 14))->payload_len = rte_cpu_to_be_16(20 + bytes);
			tcp->sent_seq = rte_cpu_to_be_32(at);
			tcp->tcp_flags = at + bytes == PAYLOAD ? 0x18 : 0x10;
		} else {
			struct rte_ipv4_hdr *v4 = (struct rte_ipv4_hdr *)(to + 14);

			v4->total_length = rte_cpu_to_be_16(headers - 14 + bytes);
			v4->packet_id = rte_cpu_to_be_16(segment);
			((struct rte_udp_hdr *)(to + transport))->dgram_len = rte_cpu_to_be_16(8 + bytes);
		}
		finish_checksums(to, kind);
	}
}

static struct rte_mbuf *packet_of(enum kind kind, int *headers)
{
	struct rte_mbuf *packet = rte_pktmbuf_alloc(packets);

	if (!packet) {
		fprintf(stderr, "no memory for a packet\n");
		exit(1);
	}
	*headers = write_headers(source, kind, PAYLOAD);
	memcpy(rte_pktmbuf_append(packet, *headers + PAYLOAD), source, *headers + PAYLOAD);
	packet->l2_len = 14;
	packet->l3_len = kind == TCPV6 ? 40 : 20;
	packet->l4_len = kind == UDP_L4 ? 8 : 20;
	return packet;
}

/* The best of several rounds, because other load can only make a round slower. */
#define MEASURE(name, parameter, body)                                                                                          \
	do {                                                                                                                    \
		double best = 1e18;                                                                                             \
		for (int round = 0; round < ROUNDS; round++) {                                                                  \
			long runs = 0;                                                                                          \
			double begin = now(), end;                                                                              \
			do {                                                                                                    \
				for (int i = 0; i < 16; i++, runs++) {                                                          \
					body;                                                                                   \
					__asm__ volatile("" ::: "memory");                                                      \
				}                                                                                               \
				end = now();                                                                                    \
			} while (end - begin < ROUND_NANOS);                                                                    \
			if ((end - begin) / runs < best)                                                                        \
				best = (end - begin) / runs;                                                                    \
		}                                                                                                               \
		printf("%s %d %.1f\n", name, parameter, best);                                                                  \
		fflush(stdout);                                                                                                 \
	} while (0)

static void measure_segments(enum kind kind, int mss)
{
	int headers;
	struct rte_mbuf *packet = packet_of(kind, &headers);
	uint8_t *frame = rte_pktmbuf_mtod(packet, uint8_t *);
	char name[32];

	snprintf(name, sizeof(name), "copy-%s", names[kind]);
	MEASURE(name, mss, memcpy(buffers, frame, headers + PAYLOAD));
	snprintf(name, sizeof(name), "cut-%s", names[kind]);
	if (kind == TCPV4) {
		MEASURE(name, mss, cut_by_library(packet, mss, headers));
	} else {
		MEASURE(name, mss, cut_by_hand(frame, kind, mss, headers));
	}
	rte_pktmbuf_free(packet);
}

static void measure_checksum(int bytes)
{
	/* Behind an Ethernet header: aligned to 2 bytes, not to more. */
	const uint8_t *from = source + 2;
	volatile uint16_t sink;

	MEASURE("copy", bytes, memcpy(buffers, from, bytes));
	MEASURE("sum", bytes, sink = rte_raw_cksum(from, bytes));
	(void)sink;
}

int main(void)
{
	char *arguments[] = {"segment", "--no-huge", "-m", "128", "--no-pci", "--no-shconf", "--no-telemetry",
			     "--log-level=error", NULL};
	static const int sizes[] = {1448, 536, 8948};
	static const int lengths[] = {64, 1448, 65536};

	if (rte_eal_init(8, arguments) < 0) {
		fprintf(stderr, "rte_eal_init failed\n");
		return 1;
	}
	packets = rte_pktmbuf_pool_create("packets", 7, 0, 0, 65535, SOCKET_ID_ANY);
	direct = rte_pktmbuf_pool_create("direct", 1023, 256, 0, 512, SOCKET_ID_ANY);
	indirect = rte_pktmbuf_pool_create("indirect", 1023, 256, 0, 0, SOCKET_ID_ANY);
	buffers = aligned_alloc(4096, (size_t)MOST_SEGMENTS * BUFFER);
	source = aligned_alloc(4096, 1 << 17);
	if (!packets || !direct || !indirect || !buffers || !source) {
		fprintf(stderr, "no memory\n");
		return 1;
	}
	memset(buffers, 1, (size_t)MOST_SEGMENTS * BUFFER);
	for (int i = 0; i < 1 << 17; i++)
		source[i] = (uint8_t)(i * 31 + (i >> 8));
	for (int kind = TCPV4; kind <= UDP_L4; kind++)
		for (int i = 0; i < 3; i++)
			measure_segments((enum kind)kind, sizes[i]);
	for (int i = 0; i < 3; i++)
		measure_checksum(lengths[i]);
	return 0;
}
