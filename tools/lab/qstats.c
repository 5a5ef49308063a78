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
 * qstats IFNAME: the statistics of a network device's queues that Linux reports only by netlink (the netdev family's
 * qstats-get; ethtool shows others). One line per value: the queue, the value's name in the kernel's netdev.yaml, the number.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* From uapi/linux/netdev.h of Linux 6.12, which the host's headers may be too old to have. */
enum { QSTATS_GET = 12 };
enum { IFINDEX = 1, QUEUE_TYPE = 2, QUEUE_ID = 3, SCOPE = 4, FIRST_VALUE = 8 };
enum { SCOPE_QUEUE = 1 };

static const char *const value_names[] = {
    "rx-packets",
    "rx-bytes",
    "tx-packets",
    "tx-bytes",
    "rx-alloc-fail",
    "rx-hw-drops",
    "rx-hw-drop-overruns",
    "rx-csum-complete",
    "rx-csum-unnecessary",
    "rx-csum-none",
    "rx-csum-bad",
    "rx-hw-gro-packets",
    "rx-hw-gro-bytes",
    "rx-hw-gro-wire-packets",
    "rx-hw-gro-wire-bytes",
    "rx-hw-drop-ratelimits",
    "tx-hw-drops",
    "tx-hw-drop-errors",
    "tx-csum-none",
    "tx-needs-csum",
    "tx-hw-gso-packets",
    "tx-hw-gso-bytes",
    "tx-hw-gso-wire-packets",
    "tx-hw-gso-wire-bytes",
    "tx-hw-drop-ratelimits",
    "tx-stop",
    "tx-wake",
};

struct request {
    struct nlmsghdr header;
    struct genlmsghdr generic;
    char attributes[64];
};

static void fail(const char *what) {
    fprintf(stderr, "qstats: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void add(struct request *request, uint16_t type, const void *value, uint16_t bytes) {
    char *at = (char *)request + NLMSG_ALIGN(request->header.nlmsg_len);
    struct nlattr attribute = {.nla_len = NLA_HDRLEN + bytes, .nla_type = type};
    memcpy(at, &attribute, sizeof attribute);
    memcpy(at + NLA_HDRLEN, value, bytes);
    request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + NLA_ALIGN(attribute.nla_len);
}

static uint64_t number(const struct nlattr *attribute) {
    uint64_t value = 0;
    size_t bytes = attribute->nla_len - NLA_HDRLEN;
    memcpy(&value, (const char *)attribute + NLA_HDRLEN, bytes < sizeof value ? bytes : sizeof value);
    return value;
}

static void print_queue(const struct nlattr *const *values, size_t count) {
    if (values[QUEUE_TYPE] == NULL || values[QUEUE_ID] == NULL) {
        return;
    }
    const char *kind = number(values[QUEUE_TYPE]) == 0 ? "rx" : "tx";
    for (size_t i = FIRST_VALUE; i < count; i++) {
        if (values[i] != NULL) {
            printf("%s%" PRIu64 " %s %" PRIu64 "\n", kind, number(values[QUEUE_ID]), value_names[i - FIRST_VALUE],
                   number(values[i]));
        }
    }
}

/* Sends a request and reads the replies; returns the family's number if requested. */
static uint16_t ask(int netlink, struct request *request) {
    enum { VALUES = FIRST_VALUE + sizeof value_names / sizeof *value_names };
    uint16_t family = 0;
    if (send(netlink, request, request->header.nlmsg_len, 0) < 0) {
        fail("send");
    }
    for (;;) {
        static _Alignas(struct nlmsghdr) char buffer[65536];
        ssize_t received = recv(netlink, buffer, sizeof buffer, 0);
        if (received < 0) {
            fail("recv");
        }
        unsigned int left = (unsigned int)received;
        for (struct nlmsghdr *message = (struct nlmsghdr *)buffer; NLMSG_OK(message, left);
             message = NLMSG_NEXT(message, left)) {
            if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
                errno = -*(int *)NLMSG_DATA(message);
                if (errno != 0) {
                    fail("the kernel refuses");
                }
                return family;
            }
            const struct nlattr *values[VALUES] = {NULL};
            char *at = (char *)NLMSG_DATA(message) + GENL_HDRLEN;
            char *end = (char *)message + message->nlmsg_len;
            while (at + NLA_HDRLEN <= end) {
                const struct nlattr *attribute = (const struct nlattr *)at;
                if (attribute->nla_len < NLA_HDRLEN || at + attribute->nla_len > end) {
                    break;
                }
                uint16_t type = attribute->nla_type & NLA_TYPE_MASK;
                if (type < VALUES) {
                    values[type] = attribute;
                }
                at += NLA_ALIGN(attribute->nla_len);
            }
            if (message->nlmsg_type == GENL_ID_CTRL) {
                family = (uint16_t)number(values[CTRL_ATTR_FAMILY_ID]);
            } else {
                print_queue(values, VALUES);
            }
        }
    }
}

int main(int argc, char **argv) {
    uint32_t interface = argc == 2 ? if_nametoindex(argv[1]) : 0;
    if (interface == 0) {
        fprintf(stderr, argc == 2 ? "qstats: there is no interface %s\n" : "usage: qstats IFNAME\n", argv[1]);
        return 2;
    }
    int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
    if (netlink < 0) {
        fail("socket");
    }
    struct request lookup = {
        .header = {.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
                   .nlmsg_type = GENL_ID_CTRL,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
        .generic = {.cmd = CTRL_CMD_GETFAMILY, .version = 1},
    };
    add(&lookup, CTRL_ATTR_FAMILY_NAME, "netdev", sizeof "netdev");
    struct request dump = {
        .header = {.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
                   .nlmsg_type = ask(netlink, &lookup),
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .generic = {.cmd = QSTATS_GET, .version = 1},
    };
    uint32_t scope = SCOPE_QUEUE;
    add(&dump, IFINDEX, &interface, sizeof interface);
    add(&dump, SCOPE, &scope, sizeof scope);
    ask(netlink, &dump);
    close(netlink);
    return 0;
}
