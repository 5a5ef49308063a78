/*
 * Copyright The vhost4j authors
 *
 * Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
 * the License. You may obtain a copy of the License at
 *
 *     https://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software distributed under the License is distributed on
 * an "AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the
 * specific language governing permissions and limitations under the License.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

/*
 * udpcheck: sends UDP datagrams, many at a time with UDP_SEGMENT, and checks every byte of each at the other end, where
 * they may arrive merged again (UDP_GRO). Nothing is retransmitted: a datagram that does not
 * arrive is reported as lost.
 *
 * A datagram's payload is a function of its sequence number. Datagrams of at least HEADER bytes start with a header that
 * says which one it is; shorter ones (a last segment may have a single byte) are all pattern, and are recognised because
 * the other segments of the same super-datagram announce them.
 *
 * The sender keeps at most a window of datagrams unacknowledged, so that a slow receiver with a finite socket buffer is
 * not overrun. Acknowledgements are cumulative counts. Where they stop, the sender probes; what is then still missing
 * after the loss timeout is given up.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum { HEADER = 32, MAX_SUPER = 65507, MAX_SUPER_IPV6 = 65487, MAX_SEGMENTS = 128, COMPLAINTS = 8 };
enum { TICK_MS = 200, LINGER_MS = 600 };
static const uint32_t DATA_MAGIC = 0x764a4401, CONTROL_MAGIC = 0x764a4301;

enum control_type { START = 1, STARTED, ACK, PROBE, FINISH, FINISHED };

/* What a control datagram carries; every field goes over the wire as a big-endian 64-bit number. */
struct control {
    uint64_t magic_type, session, datagrams, bytes, ok, damaged, lost, duplicated, reordered, check;
};
enum { CONTROL_WORDS = sizeof(struct control) / 8 };

struct header {
    uint32_t magic, session, seq;
    uint16_t length;   /* of this datagram, header included */
    uint16_t gso_size; /* that its super-datagram was sent with; 0: sent alone */
    uint16_t segments, index;
    uint16_t tail; /* length of the last segment of its super-datagram */
    uint32_t check;
};

static struct {
    bool ipv6, gro;
    const char *host;
    int port;
    uint64_t count, bytes;
    long size, gso; /* 0: varies, for gso -1: none */
    long window;    /* in super-datagrams */
    double timeout, loss_timeout;
    long corrupt, drop, repeat; /* every nth, to see that it is noticed */
} option = {.gro = true, .port = 7777, .window = 4, .timeout = 60, .loss_timeout = 3};

static void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("udpcheck: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(2);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* splitmix64's finaliser: neighbouring inputs give unrelated outputs. */
static uint64_t mix(uint64_t x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static uint64_t pattern_word(uint32_t session, uint32_t seq, size_t word) {
    return mix(((uint64_t)seq << 32 | session) + (word + 1) * 0x9e3779b97f4a7c15u);
}

static uint8_t pattern(uint32_t session, uint32_t seq, size_t offset) {
    return (uint8_t)(pattern_word(session, seq, offset / 8) >> offset % 8 * 8);
}

static void fill(uint8_t *out, size_t length, uint32_t session, uint32_t seq) {
    for (size_t word = 0; word * 8 < length; word++) {
        uint64_t value = pattern_word(session, seq, word);
        for (size_t i = word * 8; i < length && i < word * 8 + 8; i++, value >>= 8) {
            out[i] = (uint8_t)value;
        }
    }
}

/* The first offset from which on the bytes are not the pattern's, or length. */
static size_t first_difference(const uint8_t *data, size_t from, size_t length, uint32_t session, uint32_t seq) {
    for (size_t word = from / 8; word * 8 < length; word++) {
        uint64_t value = pattern_word(session, seq, word);
        for (size_t i = word * 8; i < length && i < word * 8 + 8; i++, value >>= 8) {
            if (i >= from && data[i] != (uint8_t)value) return i;
        }
    }
    return length;
}

static void put16(uint8_t *p, uint16_t v) {
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v) {
    put16(p, (uint16_t)(v >> 16));
    put16(p + 2, (uint16_t)v);
}

static uint16_t get16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static uint32_t get32(const uint8_t *p) { return (uint32_t)get16(p) << 16 | get16(p + 2); }

static uint32_t digest(const uint8_t *p, size_t length) {
    uint64_t h = length;
    for (size_t i = 0; i < length; i++) h = mix(h + p[i] + 1);
    return (uint32_t)h;
}

static void write_header(uint8_t *p, const struct header *h) {
    put32(p, h->magic);
    put32(p + 4, h->session);
    put32(p + 8, h->seq);
    put16(p + 12, h->length);
    put16(p + 14, h->gso_size);
    put16(p + 16, h->segments);
    put16(p + 18, h->index);
    put16(p + 20, h->tail);
    memset(p + 22, 0, 6);
    put32(p + 28, digest(p, 28));
}

static bool read_header(const uint8_t *p, struct header *h) {
    *h = (struct header){.magic = get32(p),
                         .session = get32(p + 4),
                         .seq = get32(p + 8),
                         .length = get16(p + 12),
                         .gso_size = get16(p + 14),
                         .segments = get16(p + 16),
                         .index = get16(p + 18),
                         .tail = get16(p + 20),
                         .check = get32(p + 28)};
    return h->magic == DATA_MAGIC && h->check == digest(p, 28);
}

static void send_control(int fd, enum control_type type, struct control c) {
    uint8_t wire[sizeof c];
    uint64_t words[CONTROL_WORDS];
    c.magic_type = (uint64_t)CONTROL_MAGIC << 32 | type;
    c.check = 0;
    memcpy(words, &c, sizeof words);
    for (int i = 0; i < CONTROL_WORDS; i++) {
        put32(wire + 8 * i, (uint32_t)(words[i] >> 32));
        put32(wire + 8 * i + 4, (uint32_t)words[i]);
    }
    put32(wire + sizeof wire - 4, digest(wire, sizeof wire - 4));
    /* A control datagram that is lost is asked for again; no listener yet is not an error. */
    if (send(fd, wire, sizeof wire, 0) < 0 && errno != ECONNREFUSED && errno != ENOBUFS && errno != EAGAIN &&
        errno != ENETUNREACH && errno != EHOSTUNREACH && errno != EPERM) {
        die("sending a control datagram: %s", strerror(errno));
    }
}

/* The type of the control datagram at p, 0 if it is none (or no longer one). */
static enum control_type read_control(const uint8_t *p, size_t length, struct control *c) {
    uint64_t words[CONTROL_WORDS];
    if (length != sizeof *c || get32(p) != CONTROL_MAGIC || get32(p + length - 4) != digest(p, length - 4)) return 0;
    for (int i = 0; i < CONTROL_WORDS; i++) words[i] = (uint64_t)get32(p + 8 * i) << 32 | get32(p + 8 * i + 4);
    memcpy(c, words, sizeof *c);
    return (enum control_type)(uint32_t)c->magic_type;
}

static socklen_t address(struct sockaddr_storage *storage, const char *host) {
    memset(storage, 0, sizeof *storage);
    if (!option.ipv6) {
        struct sockaddr_in *a = (struct sockaddr_in *)storage;
        a->sin_family = AF_INET;
        a->sin_port = htons((uint16_t)option.port);
        if (host && inet_pton(AF_INET, host, &a->sin_addr) != 1) die("%s is not an IPv4 address", host);
        return sizeof *a;
    }
    struct sockaddr_in6 *a = (struct sockaddr_in6 *)storage;
    a->sin6_family = AF_INET6;
    a->sin6_port = htons((uint16_t)option.port);
    if (host) {
        char text[INET6_ADDRSTRLEN + 1] = {0};
        const char *scope = strchr(host, '%');
        size_t length = scope ? (size_t)(scope - host) : strlen(host);
        if (length >= sizeof text) die("%s is not an IPv6 address", host);
        memcpy(text, host, length);
        if (inet_pton(AF_INET6, text, &a->sin6_addr) != 1) die("%s is not an IPv6 address", host);
        if (scope && !(a->sin6_scope_id = if_nametoindex(scope + 1))) die("no interface %s", scope + 1);
    }
    return sizeof *a;
}

static int open_socket(void) {
    int fd = socket(option.ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = 16 << 20;
    if (fd < 0) die("socket: %s", strerror(errno));
    /* A whole window must fit, whatever the driver's buffers add to each datagram. */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size)) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    }
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size)) {
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    }
    return fd;
}

static bool readable(int fd, int timeout_ms) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, timeout_ms) > 0;
}

/* ---- receiver ---- */

/* A last segment that is too short to say which datagram it is. */
struct tail {
    uint32_t seq;
    uint16_t length;
    bool taken; /* kept all the same: it may come again */
};

static struct {
    int fd;
    uint32_t session;
    bool started;
    uint8_t *seen; /* one bit a sequence number */
    size_t seen_bytes;
    uint64_t arrived, arrived_bytes, ok, damaged, duplicated, reordered, merged, merged_datagrams, largest_merge;
    uint32_t next; /* one above the highest sequence number seen */
    struct tail announced[1024];
    int announced_count, complaints;
    struct { uint16_t length; uint8_t data[HEADER]; } early[1024]; /* tails that came before what announces them */
    int early_count;
    bool finished;
    uint64_t sent; /* that the sender says it sent, once it has finished */
    double begin, end;
} receiver;

static void complain(const char *format, ...) {
    va_list arguments;
    if (receiver.complaints++ >= COMPLAINTS) return;
    va_start(arguments, format);
    fputs("udpcheck: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

static bool seen(uint32_t seq) { return seq / 8 < receiver.seen_bytes && receiver.seen[seq / 8] >> seq % 8 & 1; }

static void mark_seen(uint32_t seq) {
    if (seq / 8 >= receiver.seen_bytes) {
        size_t size = (size_t)seq / 8 * 2 + 4096;
        receiver.seen = realloc(receiver.seen, size);
        if (!receiver.seen) die("out of memory");
        memset(receiver.seen + receiver.seen_bytes, 0, size - receiver.seen_bytes);
        receiver.seen_bytes = size;
    }
    receiver.seen[seq / 8] |= (uint8_t)(1 << seq % 8);
}

static void accept_datagram(uint32_t seq) {
    receiver.ok++;
    mark_seen(seq);
    if (seq < receiver.next) receiver.reordered++;
    else receiver.next = seq + 1;
}

/* The oldest announced tail that these bytes are and that was or was not taken yet, or NULL. */
static struct tail *find_tail(const uint8_t *data, size_t length, bool taken) {
    for (int i = 0; i < receiver.announced_count; i++) {
        struct tail *t = receiver.announced + i;
        if (t->taken == taken && t->length == length &&
            first_difference(data, 0, length, receiver.session, t->seq) == length) {
            return t;
        }
    }
    return NULL;
}

static bool take_tail(const uint8_t *data, size_t length) {
    struct tail *t = find_tail(data, length, false);
    if (!t) return false;
    t->taken = true;
    accept_datagram(t->seq);
    return true;
}

static void announce_tail(const struct header *h) {
    uint32_t seq = h->seq - h->index + h->segments - 1;
    if (h->tail >= HEADER || seen(seq)) return;
    for (int i = 0; i < receiver.announced_count; i++) {
        if (receiver.announced[i].seq == seq) return;
    }
    if (receiver.announced_count == sizeof receiver.announced / sizeof *receiver.announced) {
        /* The oldest is lost, or it would have come long ago. */
        memmove(receiver.announced, receiver.announced + 1, sizeof receiver.announced - sizeof *receiver.announced);
        receiver.announced_count--;
    }
    receiver.announced[receiver.announced_count++] = (struct tail){.seq = seq, .length = h->tail};
    for (int i = 0; i < receiver.early_count; i++) {
        if (take_tail(receiver.early[i].data, receiver.early[i].length)) {
            receiver.early[i] = receiver.early[--receiver.early_count];
            return;
        }
    }
}

static void check_datagram(const uint8_t *data, size_t length) {
    struct header h;
    if (length < HEADER) {
        bool expected = take_tail(data, length);
        if (!expected && find_tail(data, length, true)) {
            receiver.duplicated++;
            return;
        }
        receiver.arrived++;
        receiver.arrived_bytes += length;
        if (expected) return;
        if (receiver.early_count < (int)(sizeof receiver.early / sizeof *receiver.early)) {
            memcpy(receiver.early[receiver.early_count].data, data, length);
            receiver.early[receiver.early_count++].length = (uint16_t)length;
            return;
        }
        receiver.damaged++;
        complain("datagram of %zu bytes is no announced last segment", length);
        return;
    }
    if (!read_header(data, &h)) {
        receiver.arrived++;
        receiver.arrived_bytes += length;
        receiver.damaged++;
        complain("datagram of %zu bytes with a damaged header (starts %08" PRIx32 ")", length, get32(data));
        return;
    }
    if (h.session != receiver.session) return; /* left over from an earlier run */
    size_t difference = first_difference(data, HEADER, length, receiver.session, h.seq);
    if (h.length != length || difference != length) {
        receiver.arrived++;
        receiver.arrived_bytes += length;
        receiver.damaged++;
        if (h.length != length) {
            complain("datagram %" PRIu32 ": %zu bytes of %u (segment %u of %u, gso_size %u)", h.seq, length, h.length,
                     h.index + 1u, h.segments, h.gso_size);
        } else {
            complain("datagram %" PRIu32 ": byte %zu of %zu is %02x, not %02x (segment %u of %u, gso_size %u)", h.seq,
                     difference, length, data[difference], pattern(receiver.session, h.seq, difference), h.index + 1u,
                     h.segments, h.gso_size);
        }
        return;
    }
    if (seen(h.seq)) {
        receiver.duplicated++;
        return;
    }
    receiver.arrived++;
    receiver.arrived_bytes += length;
    accept_datagram(h.seq);
    announce_tail(&h);
}

/* Tails that nothing announced, because all that would have done so is lost: each is whole if it is one of those missing. */
static void claim_tails(uint64_t sent) {
    for (int i = receiver.early_count - 1; i >= 0; i--) {
        for (uint32_t seq = 0; seq < sent; seq++) {
            if (!seen(seq) && first_difference(receiver.early[i].data, 0, receiver.early[i].length, receiver.session, seq) ==
                                  receiver.early[i].length) {
                accept_datagram(seq);
                receiver.early[i] = receiver.early[--receiver.early_count];
                break;
            }
        }
    }
}

static struct control counts(uint64_t sent) {
    uint64_t damaged = receiver.damaged + (uint64_t)receiver.early_count, good = receiver.ok + damaged;
    return (struct control){.session = receiver.session,
                            .datagrams = receiver.arrived,
                            .bytes = receiver.arrived_bytes,
                            .ok = receiver.ok,
                            .damaged = damaged,
                            .lost = sent > good ? sent - good : 0,
                            .duplicated = receiver.duplicated,
                            .reordered = receiver.reordered};
}

/* Reads one datagram, or several that the kernel merged. False if there is none now. */
static bool receive(uint8_t *buffer, size_t *length, size_t *segment, struct sockaddr_storage *from, socklen_t *from_length) {
    char space[CMSG_SPACE(sizeof(int))];
    struct iovec iov = {buffer, 1 << 17};
    struct msghdr message = {.msg_name = from,
                             .msg_namelen = sizeof *from,
                             .msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = space,
                             .msg_controllen = sizeof space};
    ssize_t n;
    do {
        n = recvmsg(receiver.fd, &message, MSG_DONTWAIT);
    } while (n < 0 && (errno == EINTR || errno == ECONNREFUSED));
    if (n < 0) {
        if (errno == EAGAIN) return false;
        die("recvmsg: %s", strerror(errno));
    }
    *length = *segment = (size_t)n;
    *from_length = message.msg_namelen;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        int gso_size;
        if (c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO) continue;
        memcpy(&gso_size, CMSG_DATA(c), sizeof gso_size);
        if (gso_size > 0) *segment = (size_t)gso_size;
    }
    return true;
}

/* Does what a control datagram says. */
static void take_control(enum control_type type, const struct control *c, const struct sockaddr_storage *from,
                         socklen_t from_length) {
    if (type == START && !receiver.started) {
        receiver.started = true;
        receiver.session = (uint32_t)c->session;
        receiver.begin = now();
        if (connect(receiver.fd, (const struct sockaddr *)from, from_length)) die("connect: %s", strerror(errno));
    }
    if (!receiver.started || c->session != receiver.session) return; /* left over from an earlier run */
    if (type == START) {
        send_control(receiver.fd, STARTED, counts(0));
    } else if (type == PROBE) {
        send_control(receiver.fd, ACK, counts(0));
    } else if (type == FINISH) {
        receiver.sent = c->datagrams;
        if (!receiver.finished) receiver.end = now();
        receiver.finished = true;
        claim_tails(receiver.sent);
        send_control(receiver.fd, FINISHED, counts(receiver.sent));
    }
}

static int run_receiver(void) {
    static uint8_t buffer[1 << 17];
    struct sockaddr_storage local, from;
    socklen_t from_length, local_length = address(&local, option.host);
    int on = 1;
    double last = now();

    receiver.fd = open_socket();
    setsockopt(receiver.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (option.gro && setsockopt(receiver.fd, SOL_UDP, UDP_GRO, &on, sizeof on)) die("UDP_GRO: %s", strerror(errno));
    if (bind(receiver.fd, (struct sockaddr *)&local, local_length)) die("bind: %s", strerror(errno));
    puts("udpcheck role=recv listening=1");
    fflush(stdout);

    for (;;) {
        size_t length, segment;
        int unacknowledged = 0;
        if (!readable(receiver.fd, receiver.finished ? LINGER_MS : TICK_MS)) {
            if (receiver.finished || now() - last > option.timeout) break;
            continue;
        }
        while (receive(buffer, &length, &segment, &from, &from_length)) {
            uint64_t datagrams = 0;
            size_t offset = 0;
            /* Control datagrams are merged like any others, with each other and behind longer ones; an empty datagram is
             * never sent, so one that arrives is damaged like any other. */
            do {
                struct control c;
                size_t part = length - offset < segment ? length - offset : segment;
                enum control_type type = read_control(buffer + offset, part, &c);
                if (type) {
                    take_control(type, &c, &from, from_length);
                } else if (receiver.started) {
                    check_datagram(buffer + offset, part);
                    datagrams++;
                }
                offset += part;
            } while (offset < length);
            if (segment < length && datagrams) {
                receiver.merged++;
                receiver.merged_datagrams += datagrams;
                if (length > receiver.largest_merge) receiver.largest_merge = length;
            }
            if (datagrams && ++unacknowledged == 16) {
                send_control(receiver.fd, ACK, counts(0));
                unacknowledged = 0;
            }
            if (receiver.started) last = now();
        }
        if (unacknowledged) send_control(receiver.fd, ACK, counts(0));
    }

    struct control c = counts(receiver.sent);
    double seconds = receiver.finished ? receiver.end - receiver.begin : 0;
    bool good = receiver.finished && !c.damaged && !c.lost;
    printf("udpcheck role=recv result=%s datagrams=%" PRIu64 " bytes=%" PRIu64 " ok=%" PRIu64 " damaged=%" PRIu64
           " lost=%" PRIu64 " duplicated=%" PRIu64 " reordered=%" PRIu64 " gro=%" PRIu64 " gro_datagrams=%" PRIu64
           " gro_largest=%" PRIu64 " seconds=%.3f mbit=%.1f\n",
           good ? "ok" : !receiver.started ? "nothing" : !receiver.finished ? "unfinished" : "bad", c.datagrams, c.bytes, c.ok,
           c.damaged, c.lost, c.duplicated, c.reordered, receiver.merged, receiver.merged_datagrams, receiver.largest_merge, seconds,
           seconds > 0 ? (double)c.bytes * 8e-6 / seconds : 0);
    return good ? 0 : 1;
}

/* ---- sender ---- */

static struct {
    int fd;
    uint32_t session;
    uint64_t datagrams, bytes, supers, alone, segments_largest;
    uint64_t acknowledged, acknowledged_bytes, given_up, given_up_bytes, stalls;
    struct control report;
    bool started, finished;
} sender;

static void take_answers(int timeout_ms) {
    uint8_t buffer[2048];
    if (timeout_ms && !readable(sender.fd, timeout_ms)) return;
    for (;;) {
        struct control c;
        ssize_t n = recv(sender.fd, buffer, sizeof buffer, MSG_DONTWAIT);
        if (n < 0) {
            if (errno == EINTR || errno == ECONNREFUSED || errno == EHOSTUNREACH) continue;
            if (errno == EAGAIN) return;
            die("recv: %s", strerror(errno));
        }
        enum control_type type = read_control(buffer, (size_t)n, &c);
        if (!type || c.session != sender.session) continue;
        if (type == STARTED) sender.started = true;
        if (c.datagrams > sender.acknowledged) sender.acknowledged = c.datagrams;
        if (c.bytes > sender.acknowledged_bytes) sender.acknowledged_bytes = c.bytes;
        if (type == FINISHED) {
            sender.finished = true;
            sender.report = c;
        }
    }
}

/* Repeats a question until it is answered. */
static bool ask(enum control_type type, const bool *answered) {
    double deadline = now() + option.timeout;
    while (!*answered && now() < deadline) {
        send_control(sender.fd, type, (struct control){.session = sender.session, .datagrams = sender.datagrams});
        take_answers(TICK_MS);
    }
    return *answered;
}

/* Waits until no more than this much is on its way. */
static void wait_for_room(uint64_t datagrams, uint64_t bytes) {
    uint64_t before = sender.acknowledged;
    double progress = now();
    take_answers(0);
    while (sender.datagrams > sender.acknowledged + sender.given_up + datagrams ||
           sender.bytes > sender.acknowledged_bytes + sender.given_up_bytes + bytes) {
        take_answers(TICK_MS);
        if (sender.acknowledged != before) {
            before = sender.acknowledged;
            progress = now();
        } else if (now() - progress > option.loss_timeout) {
            sender.stalls++;
            sender.given_up = sender.datagrams - sender.acknowledged;
            sender.given_up_bytes = sender.bytes - sender.acknowledged_bytes;
            return;
        } else if (now() - progress > TICK_MS / 1e3) {
            send_control(sender.fd, PROBE, (struct control){.session = sender.session});
        }
    }
}

static bool send_super(const uint8_t *data, size_t length, size_t gso_size) {
    char space[CMSG_SPACE(sizeof(uint16_t))] = {0};
    struct iovec iov = {(void *)data, length};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    if (gso_size) {
        uint16_t value = (uint16_t)gso_size;
        message.msg_control = space;
        message.msg_controllen = sizeof space;
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_UDP;
        c->cmsg_type = UDP_SEGMENT;
        c->cmsg_len = CMSG_LEN(sizeof value);
        memcpy(CMSG_DATA(c), &value, sizeof value);
    }
    for (double deadline = now() + option.timeout; now() < deadline;) {
        ssize_t n = sendmsg(sender.fd, &message, 0);
        if (n == (ssize_t)length) return true;
        if (n >= 0) die("sendmsg took %zd of %zu bytes", n, length);
        if (errno == EINVAL || errno == EMSGSIZE) {
            die("sendmsg of %zu bytes with gso_size %zu: %s (larger than the MTU, or more than the kernel's segments?)", length,
                gso_size, strerror(errno));
        }
        if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR && errno != ECONNREFUSED && errno != ENOMEM) {
            die("sendmsg: %s", strerror(errno));
        }
        usleep(1000);
    }
    die("sendmsg: no room for %.0f s", option.timeout);
    return false;
}

/* The nth super-datagram's shape, where the options leave it open. */
static void shape(uint64_t n, size_t *length, size_t *gso_size) {
    static const size_t gso_sizes[] = {1448, 536, 1200, 100, 1024, 33, 1400, 612};
    size_t limit = option.ipv6 ? MAX_SUPER_IPV6 : MAX_SUPER;
    if (option.gso < 0) {
        /* Alone; with no size given, all that fit the usual MTU take turns. */
        *gso_size = 0;
        *length = option.size ? (size_t)option.size : HEADER + (size_t)(n * 37 % (1448 - HEADER + 1));
        return;
    }
    if (!option.gso && n % 16 == 15) {
        *gso_size = 0;
        *length = HEADER + (size_t)(mix(n) % (1448 - HEADER + 1));
        return;
    }
    *gso_size = option.gso ? (size_t)option.gso : gso_sizes[n % (sizeof gso_sizes / sizeof *gso_sizes)];
    if (option.size) {
        *length = (size_t)option.size;
        if (*length > *gso_size * MAX_SEGMENTS) *length = *gso_size * MAX_SEGMENTS;
        return;
    }
    size_t most = limit / *gso_size < MAX_SEGMENTS ? limit / *gso_size : MAX_SEGMENTS, whole;
    switch (n / 3 % 4) {
        case 0: whole = most; break;
        case 1: whole = 1 + (size_t)(mix(n) % most); break;
        case 2: whole = most - 1; break;
        default: whole = 1 + (size_t)(n % 3); break;
    }
    /* The last segment: whole, one byte, all but one byte, or anything. */
    switch (n % 5) {
        case 0: *length = whole * *gso_size; return;
        case 1: *length = whole * *gso_size + 1; break;
        case 2: *length = whole * *gso_size - 1; return;
        default: *length = whole * *gso_size + (size_t)(mix(n + 1) % *gso_size); break;
    }
    if (whole == MAX_SEGMENTS || *length > limit) *length -= *gso_size;
}

static int run_sender(void) {
    static uint8_t buffer[1 << 16];
    struct sockaddr_storage peer;
    socklen_t peer_length = address(&peer, option.host);
    struct timespec seed;
    uint64_t limit_datagrams = option.count ? option.count : option.bytes ? UINT64_MAX : 20000;

    clock_gettime(CLOCK_REALTIME, &seed);
    sender.session = (uint32_t)mix((uint64_t)seed.tv_sec << 30 ^ (uint64_t)seed.tv_nsec ^ (uint64_t)getpid() << 20);
    sender.fd = open_socket();
    if (connect(sender.fd, (struct sockaddr *)&peer, peer_length)) die("connect: %s", strerror(errno));
    if (!ask(START, &sender.started)) die("no answer from %s port %d", option.host, option.port);

    double begin = now();
    for (uint64_t n = 0; sender.datagrams < limit_datagrams && (!option.bytes || sender.bytes < option.bytes); n++) {
        size_t length, gso_size;
        shape(n, &length, &gso_size);
        size_t unit = gso_size ? gso_size : length, segments = (length + unit - 1) / unit;
        if (segments > limit_datagrams - sender.datagrams) {
            segments = (size_t)(limit_datagrams - sender.datagrams);
            length = segments * unit;
        }
        if (segments == 1) gso_size = 0;
        size_t tail = length - (segments - 1) * unit;
        for (size_t i = 0; i < segments; i++) {
            uint32_t seq = (uint32_t)(sender.datagrams + i);
            size_t part = i + 1 < segments ? unit : tail;
            uint8_t *p = buffer + i * unit;
            fill(p, part, sender.session, seq);
            if (part < HEADER) continue;
            write_header(p, &(struct header){.magic = DATA_MAGIC,
                                             .session = sender.session,
                                             .seq = seq,
                                             .length = (uint16_t)part,
                                             .gso_size = (uint16_t)gso_size,
                                             .segments = (uint16_t)segments,
                                             .index = (uint16_t)i,
                                             .tail = (uint16_t)tail});
        }
        if (option.corrupt && n % (uint64_t)option.corrupt == (uint64_t)option.corrupt - 1) {
            buffer[mix(n) % length] ^= (uint8_t)(1 << mix(n + 7) % 8);
        }
        wait_for_room((uint64_t)(option.window - 1) * MAX_SEGMENTS, (uint64_t)(option.window - 1) * MAX_SUPER);
        if (!option.drop || n % (uint64_t)option.drop != (uint64_t)option.drop - 1) send_super(buffer, length, gso_size);
        if (option.repeat && n % (uint64_t)option.repeat == (uint64_t)option.repeat - 1) send_super(buffer, length, gso_size);
        sender.datagrams += segments;
        sender.bytes += length;
        if (gso_size) sender.supers++;
        else sender.alone++;
        if (segments > sender.segments_largest) sender.segments_largest = segments;
    }
    wait_for_room(0, 0);
    double seconds = now() - begin;
    if (!ask(FINISH, &sender.finished)) {
        sender.report.lost = sender.datagrams - sender.acknowledged;
    }
    struct control *r = &sender.report;
    bool good = sender.finished && !r->damaged && !r->lost;
    printf("udpcheck role=send result=%s datagrams=%" PRIu64 " bytes=%" PRIu64 " ok=%" PRIu64 " damaged=%" PRIu64
           " lost=%" PRIu64 " duplicated=%" PRIu64 " reordered=%" PRIu64 " gso=%" PRIu64 " alone=%" PRIu64
           " gso_segments_most=%" PRIu64 " stalls=%" PRIu64 " seconds=%.3f mbit=%.1f\n",
           good ? "ok" : sender.finished ? "bad" : "unfinished", sender.datagrams, sender.bytes, r->ok, r->damaged, r->lost,
           r->duplicated, r->reordered, sender.supers, sender.alone, sender.segments_largest, sender.stalls, seconds,
           seconds > 0 ? (double)sender.bytes * 8e-6 / seconds : 0);
    return good ? 0 : 1;
}

/* ---- command line ---- */

static void usage(int status) {
    fputs("usage: udpcheck recv [ADDRESS] [options]     receives from one sender, checks, and ends\n"
          "       udpcheck send ADDRESS [options]\n"
          "  -6, --ipv6           IPv6 (a link-local ADDRESS with %interface)\n"
          "  -p, --port N         7777 by default\n"
          "  -t, --timeout S      give up after S seconds without the other end (60)\n"
          " recv:\n"
          "  --no-gro             do not ask for merged datagrams\n"
          " send:\n"
          "  -n, --count N        datagrams to send (20000 unless --bytes is given)\n"
          "  -b, --bytes N        send super-datagrams until N bytes of payload are sent\n"
          "  -g, --gso N|0        UDP_SEGMENT size; 0: datagrams sent one by one; default: both, of many sizes\n"
          "  -s, --size N         bytes handed over in one call, up to 65507; default: varies\n"
          "  -w, --window N       largest super-datagrams on their way at a time (4)\n"
          "  --loss-timeout S     what is not acknowledged after S seconds is lost (3)\n"
          "  --corrupt N          flip a bit in every Nth call's data, to see that it is noticed\n"
          "  --drop N             do not send every Nth call's data, but count it as sent\n"
          "  --repeat N           send every Nth call's data twice\n"
          "Ends with one line of key=value; status 0 only if nothing was damaged or lost.\n",
          status ? stderr : stdout);
    exit(status);
}

static long number(const char *text, long least, long most, const char *what) {
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || *end || end == text || value < least || value > most) {
        die("%s: %s is not a number from %ld to %ld", what, text, least, most);
    }
    return value;
}

int main(int argc, char **argv) {
    enum { NO_GRO = 256, LOSS_TIMEOUT, CORRUPT, DROP, REPEAT };
    static const struct option options[] = {{"ipv6", no_argument, NULL, '6'},
                                            {"port", required_argument, NULL, 'p'},
                                            {"timeout", required_argument, NULL, 't'},
                                            {"no-gro", no_argument, NULL, NO_GRO},
                                            {"count", required_argument, NULL, 'n'},
                                            {"bytes", required_argument, NULL, 'b'},
                                            {"gso", required_argument, NULL, 'g'},
                                            {"size", required_argument, NULL, 's'},
                                            {"window", required_argument, NULL, 'w'},
                                            {"loss-timeout", required_argument, NULL, LOSS_TIMEOUT},
                                            {"corrupt", required_argument, NULL, CORRUPT},
                                            {"drop", required_argument, NULL, DROP},
                                            {"repeat", required_argument, NULL, REPEAT},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "6p:t:n:b:g:s:w:h", options, NULL)) != -1;) {
        switch (c) {
            case '6': option.ipv6 = true; break;
            case 'p': option.port = (int)number(optarg, 1, 65535, "--port"); break;
            case 't': option.timeout = (double)number(optarg, 1, 86400, "--timeout"); break;
            case NO_GRO: option.gro = false; break;
            case 'n': option.count = (uint64_t)number(optarg, 1, UINT32_MAX, "--count"); break;
            case 'b': option.bytes = (uint64_t)number(optarg, 1, LONG_MAX, "--bytes"); break;
            case 'g':
                option.gso = number(optarg, 0, 65535, "--gso");
                if (!option.gso) option.gso = -1;
                else if (option.gso < HEADER) die("--gso: at least %d", HEADER);
                break;
            case 's': option.size = number(optarg, HEADER, MAX_SUPER, "--size"); break;
            case 'w': option.window = number(optarg, 1, 64, "--window"); break;
            case LOSS_TIMEOUT: option.loss_timeout = (double)number(optarg, 1, 3600, "--loss-timeout"); break;
            case CORRUPT: option.corrupt = number(optarg, 1, LONG_MAX, "--corrupt"); break;
            case DROP: option.drop = number(optarg, 1, LONG_MAX, "--drop"); break;
            case REPEAT: option.repeat = number(optarg, 1, LONG_MAX, "--repeat"); break;
            case 'h': usage(0); break;
            default: usage(2);
        }
    }
    if (optind >= argc) usage(2);
    const char *role = argv[optind++];
    if (optind < argc) option.host = argv[optind++];
    if (optind < argc) usage(2);
    if (!strcmp(role, "recv")) return run_receiver();
    if (strcmp(role, "send") || !option.host) usage(2);
    return run_sender();
}
