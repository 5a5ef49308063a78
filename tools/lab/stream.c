/* SPDX-License-Identifier: Apache-2.0 */

/*
 * stream: a paced stream of UDP datagrams and a TCP stream, which a guest returns and which this end checks byte for byte.
 * It measures the effect of an interruption such as a migration: datagrams lost, duplicated and damaged, and the longest gap.
 *
 * `stream echo` returns what comes, over both. `stream check ADDRESS` sends, and answers the lines of its standard input:
 *
 *     mark   a line of key=value about the datagrams sent and the bytes received since the last mark; it comes a second later,
 *            because a datagram counts as lost only then
 *     quit   ends it; so does the end of its input
 *
 * A datagram's payload is a function of its sequence number, and so is each byte of the TCP stream of its position.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MAGIC = 0x764a5301, HEADER = 16, LEAST = 64, MOST = 1400, MAX_FLOWS = 32, CHUNK = 16384, CLIENTS = 8, BATCH = 64 };
static const int64_t SECOND = 1000000000, LATE = 1000000000;

static struct {
    const char *host;
    int port;
    long rate, flows, tcp; /* tcp: bytes a second */
} option = {.port = 7780, .rate = 1000, .flows = 8, .tcp = 1000000};

_Noreturn static void die(const char *what) {
    fprintf(stderr, "stream: %s: %s\n", what, strerror(errno));
    exit(2);
}

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

/* splitmix64's finaliser: neighbouring inputs give unrelated outputs. */
static uint64_t mix(uint64_t x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static uint64_t word_at(uint64_t seed, uint64_t word) { return mix(mix(seed) + (word + 1) * 0x9e3779b97f4a7c15u); }

static int opened(int type) {
    int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), size = 4 << 20, on = 1;
    if (fd < 0) die("socket");
    if (type == SOCK_DGRAM && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size)) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    }
    if (type == SOCK_STREAM) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return fd;
}

static struct sockaddr_in address(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)option.port)};
    if (option.host && inet_pton(AF_INET, option.host, &a.sin_addr) != 1) {
        fprintf(stderr, "stream: %s is not an IPv4 address\n", option.host);
        exit(2);
    }
    return a;
}

/* ---- the end that returns ---- */

static struct client {
    int fd;
    size_t length, sent;
    uint8_t data[CHUNK];
} clients[CLIENTS];

/* Returns what a client has sent, as far as it takes it. */
static void serve(struct client *c) {
    if (c->sent == c->length) {
        ssize_t n = recv(c->fd, c->data, sizeof c->data, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            close(c->fd);
            c->fd = -1;
            return;
        }
        c->sent = 0;
        c->length = n > 0 ? (size_t)n : 0;
    }
    if (c->sent < c->length) {
        ssize_t n = send(c->fd, c->data + c->sent, c->length - c->sent, MSG_NOSIGNAL);
        if (n > 0) c->sent += (size_t)n;
    }
}

static void greet(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), on = 1;
    for (int i = 0; fd >= 0 && i < CLIENTS; i++) {
        if (clients[i].fd < 0) {
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            clients[i].fd = fd;
            clients[i].length = clients[i].sent = 0;
            return;
        }
    }
    if (fd >= 0) close(fd);
}

_Noreturn static void run_echo(void) {
    struct sockaddr_in here = address();
    int udp = opened(SOCK_DGRAM), listener = opened(SOCK_STREAM);
    if (bind(udp, (struct sockaddr *)&here, sizeof here) || bind(listener, (struct sockaddr *)&here, sizeof here) ||
        listen(listener, CLIENTS)) {
        die("listening");
    }
    for (int i = 0; i < CLIENTS; i++) clients[i].fd = -1;
    printf("stream listening=%d\n", option.port);
    for (;;) {
        struct pollfd polled[2 + CLIENTS] = {{.fd = udp, .events = POLLIN}, {.fd = listener, .events = POLLIN}};
        for (int i = 0; i < CLIENTS; i++) {
            polled[2 + i].fd = clients[i].fd;
            polled[2 + i].events = clients[i].sent < clients[i].length ? POLLOUT : POLLIN;
        }
        if (poll(polled, 2 + CLIENTS, -1) < 0 && errno != EINTR) die("poll");
        for (int i = 0; i < BATCH; i++) {
            uint8_t data[2048];
            struct sockaddr_in from;
            socklen_t length = sizeof from;
            ssize_t n = recvfrom(udp, data, sizeof data, 0, (struct sockaddr *)&from, &length);
            if (n < 0) break;
            sendto(udp, data, (size_t)n, 0, (struct sockaddr *)&from, length);
        }
        if (polled[1].revents) greet(listener);
        for (int i = 0; i < CLIENTS; i++) {
            if (clients[i].fd >= 0 && polled[2 + i].fd == clients[i].fd && polled[2 + i].revents) serve(&clients[i]);
        }
    }
}

/* ---- the end that checks ---- */

static struct {
    int flow[MAX_FLOWS], tcp;
    bool connected;
    int64_t begin, heard, gap, tcp_heard, tcp_gap;
    uint64_t next, first, damaged; /* first: of those that the next mark is about */
    uint8_t *came;                 /* how often each came, by sequence number */
    size_t room;
    uint64_t tcp_sent, tcp_came, tcp_marked, tcp_damaged, tcp_broken;
    struct { uint64_t end; int64_t due; } mark[64];
    int marks;
} check;

static size_t make(uint8_t *out, uint64_t seq) {
    size_t length = LEAST + mix(seq + 1) % (MOST - LEAST + 1);
    uint32_t head[2] = {MAGIC, (uint32_t)length};
    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, &seq, sizeof seq);
    for (size_t at = HEADER; at < length; at += 8) {
        uint64_t word = word_at(seq, at);
        memcpy(out + at, &word, length - at < 8 ? length - at : 8);
    }
    return length;
}

static void remember(uint64_t seq) {
    if (seq >= check.room) {
        size_t room = (size_t)seq * 2 + 65536;
        check.came = realloc(check.came, room);
        if (!check.came) die("memory");
        memset(check.came + check.room, 0, room - check.room);
        check.room = room;
    }
}

static void send_due(int64_t time) {
    uint64_t due = (uint64_t)((time - check.begin) * option.rate / SECOND);
    for (int i = 0; check.next < due && i < BATCH; i++, check.next++) {
        uint8_t data[MOST];
        remember(check.next);
        size_t length = make(data, check.next);
        /* A datagram that the kernel does not accept counts as lost; on an idle bridge that is not expected. */
        send(check.flow[check.next % (uint64_t)option.flows], data, length, 0);
    }
    while (check.connected) {
        uint8_t data[CHUNK];
        uint64_t allowed = (uint64_t)((time - check.begin) / 1000000 * option.tcp / 1000);
        if (check.tcp_sent >= allowed) break;
        size_t length = allowed - check.tcp_sent < CHUNK ? (size_t)(allowed - check.tcp_sent) : CHUNK;
        for (size_t i = 0; i < length; i++) {
            uint64_t at = check.tcp_sent + i;
            data[i] = (uint8_t)(word_at(7, at / 8) >> at % 8 * 8);
        }
        ssize_t n = send(check.tcp, data, length, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN) {
            check.tcp_broken++;
            check.connected = false;
        }
        if (n <= 0) break;
        check.tcp_sent += (uint64_t)n;
    }
}

static void hear(int fd) {
    uint8_t data[2048], wanted[MOST];
    for (int i = 0; i < BATCH; i++) {
        ssize_t n = recv(fd, data, sizeof data, 0);
        if (n < 0) return;
        int64_t time = now();
        uint64_t seq = UINT64_MAX;
        if (n >= HEADER) memcpy(&seq, data + 8, sizeof seq);
        if (seq >= check.next || make(wanted, seq) != (size_t)n || memcmp(data, wanted, (size_t)n)) {
            check.damaged++;
            continue;
        }
        if (check.came[seq] < UINT8_MAX) check.came[seq]++;
        if (time - check.heard > check.gap) check.gap = time - check.heard;
        check.heard = time;
    }
}

static void hear_tcp(void) {
    uint8_t data[CHUNK];
    ssize_t n = recv(check.tcp, data, sizeof data, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        check.tcp_broken++;
        check.connected = false;
        return;
    }
    for (ssize_t i = 0; i < n; i++, check.tcp_came++) {
        if (data[i] != (uint8_t)(word_at(7, check.tcp_came / 8) >> check.tcp_came % 8 * 8)) check.tcp_damaged++;
    }
    if (n > 0) {
        int64_t time = now();
        if (time - check.tcp_heard > check.tcp_gap) check.tcp_gap = time - check.tcp_heard;
        check.tcp_heard = time;
    }
}

static void report(uint64_t end) {
    int64_t time = now();
    uint64_t lost = 0, doubled = 0;
    for (uint64_t seq = check.first; seq < end; seq++) {
        if (!check.came[seq]) lost++;
        else doubled += check.came[seq] - 1u;
    }
    /* A gap that has not ended counts, too. */
    if (time - check.heard > check.gap) check.gap = time - check.heard;
    if (time - check.tcp_heard > check.tcp_gap) check.tcp_gap = time - check.tcp_heard;
    printf("stream sent=%" PRIu64 " lost=%" PRIu64 " doubled=%" PRIu64 " damaged=%" PRIu64 " gap_us=%" PRId64
           " tcp_bytes=%" PRIu64 " tcp_damaged=%" PRIu64 " tcp_broken=%" PRIu64 " tcp_gap_us=%" PRId64 "\n",
           end - check.first, lost, doubled, check.damaged, check.gap / 1000, check.tcp_came - check.tcp_marked,
           check.tcp_damaged, check.tcp_broken, check.tcp_gap / 1000);
    check.first = end;
    check.tcp_marked = check.tcp_came;
    check.damaged = check.tcp_damaged = check.tcp_broken = 0;
    check.gap = check.tcp_gap = 0;
}

/* Carries out what the input asks for; false at its end. */
static bool command(void) {
    char text[256];
    ssize_t n = read(STDIN_FILENO, text, sizeof text);
    if (n <= 0) return n < 0 && (errno == EAGAIN || errno == EINTR);
    for (ssize_t i = 0; i < n; i++) {
        if (text[i] == 'q') return false;
        if (text[i] == '\n' && check.marks < (int)(sizeof check.mark / sizeof *check.mark)) {
            check.mark[check.marks].end = check.next;
            check.mark[check.marks++].due = now() + LATE;
        }
    }
    return true;
}

static int run_check(void) {
    struct sockaddr_in there = address();
    for (long i = 0; i < option.flows; i++) {
        check.flow[i] = opened(SOCK_DGRAM);
        if (connect(check.flow[i], (struct sockaddr *)&there, sizeof there)) die("connect");
    }
    check.tcp = opened(SOCK_STREAM);
    if (option.tcp) {
        fcntl(check.tcp, F_SETFL, 0);
        if (connect(check.tcp, (struct sockaddr *)&there, sizeof there)) die("connecting to the echo");
        fcntl(check.tcp, F_SETFL, O_NONBLOCK);
        check.connected = true;
    }
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    struct itimerspec millisecond = {.it_interval.tv_nsec = 1000000, .it_value.tv_nsec = 1000000};
    if (timer < 0 || timerfd_settime(timer, 0, &millisecond, NULL)) die("timer");
    check.begin = check.heard = check.tcp_heard = now();
    remember(0);
    for (;;) {
        struct pollfd polled[MAX_FLOWS + 3] = {{.fd = timer, .events = POLLIN},
                                               {.fd = STDIN_FILENO, .events = POLLIN},
                                               {.fd = check.connected ? check.tcp : -1, .events = POLLIN}};
        for (long i = 0; i < option.flows; i++) polled[3 + i] = (struct pollfd){.fd = check.flow[i], .events = POLLIN};
        if (poll(polled, (nfds_t)(3 + option.flows), -1) < 0 && errno != EINTR) die("poll");
        for (long i = 0; i < option.flows; i++) {
            if (polled[3 + i].revents) hear(check.flow[i]);
        }
        if (polled[2].revents) hear_tcp();
        if (polled[0].revents) {
            uint64_t ticks;
            if (read(timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN) die("timer");
            send_due(now());
        }
        if (polled[1].revents && !command()) return 0;
        if (check.marks && now() >= check.mark[0].due) {
            report(check.mark[0].end);
            memmove(check.mark, check.mark + 1, (size_t)--check.marks * sizeof *check.mark);
        }
    }
}

static long number(const char *text, long least, long most, const char *what) {
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || *end || end == text || value < least || value > most) {
        fprintf(stderr, "stream: %s: %s is not a number from %ld to %ld\n", what, text, least, most);
        exit(2);
    }
    return value;
}

static void usage(int status) {
    fputs("usage: stream echo [-p PORT]            returns UDP datagrams and TCP bytes\n"
          "       stream check ADDRESS [options]   sends them, and checks what returns; `mark` on its input asks for figures\n"
          "  -p, --port N    of UDP and TCP, 7780 by default\n"
          "  -r, --rate N    datagrams a second (1000)\n"
          "  -f, --flows N   source ports that they come from in turn, 1 to 32 (8)\n"
          "  -t, --tcp N     bytes a second over TCP (1000000); 0: no TCP\n",
          status ? stderr : stdout);
    exit(status);
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"port", required_argument, NULL, 'p'}, {"rate", required_argument, NULL, 'r'},
                                            {"flows", required_argument, NULL, 'f'}, {"tcp", required_argument, NULL, 't'},
                                            {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "p:r:f:t:h", options, NULL)) != -1;) {
        switch (c) {
            case 'p': option.port = (int)number(optarg, 1, 65535, "--port"); break;
            case 'r': option.rate = number(optarg, 1, 100000, "--rate"); break;
            case 'f': option.flows = number(optarg, 1, MAX_FLOWS, "--flows"); break;
            case 't': option.tcp = number(optarg, 0, 100000000, "--tcp"); break;
            case 'h': usage(0); break;
            default: usage(2);
        }
    }
    if (optind >= argc) usage(2);
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    const char *role = argv[optind++];
    if (optind < argc) option.host = argv[optind++];
    if (optind < argc) usage(2);
    if (!strcmp(role, "echo")) run_echo();
    if (strcmp(role, "check") || !option.host) usage(2);
    return run_check();
}
