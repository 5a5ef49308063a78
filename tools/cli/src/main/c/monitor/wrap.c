// SPDX-License-Identifier: Apache-2.0
// Generates the id with which a command of interest is sent to QEMU: a random word and the command's kind, with the
// client's own id inside. QEMU returns it with the answer, like every id.
//
//     {"execute": "query-machines", "id": 7}   becomes   {"execute": "query-machines", "id": {"vhost4j-...-m": 7}}
//     {"execute": "query-machines"}            becomes   {"execute": "query-machines", "id": "vhost4j-...-m"}
#include "monitor.h"

#include <string.h>
#include <sys/random.h>

char mark[MARK_LENGTH + 1];

bool mark_make(void) {
    static const char start[] = "vhost4j-";
    static const char digits[] = "0123456789abcdef";
    unsigned char random[MARK_LENGTH];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return false;
    }
    for (size_t i = 0; i < MARK_LENGTH; i++) {
        mark[i] = i < sizeof start - 1 ? start[i] : digits[random[i] & 15];
    }
    return true;
}

int mark_kind(struct span id, struct span *own) {
    struct span word = id;
    *own = (struct span){id.at, 0};
    if (id.length > 0 && id.at[0] == '{') {
        struct member inner;
        if (json_members(id, &inner, 1) != 1) {
            return 0;
        }
        word = inner.key;
        *own = inner.value;
    } else if (id.length > 2 && id.at[0] == '"') {
        word = (struct span){id.at + 1, id.length - 2};
    }
    if (word.length != MARK_LENGTH + 2 || memcmp(word.at, mark, MARK_LENGTH) != 0) {
        return 0;
    }
    return word.at[MARK_LENGTH + 1];
}
