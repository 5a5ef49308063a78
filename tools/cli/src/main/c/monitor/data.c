// SPDX-License-Identifier: Apache-2.0
// The platforms, as passed by the Java program: lines of a keyword and its value.
//
//     vhost4j-monitor-data 1
//     platforms [{"name": "linux-6.9", ...}]
//     brief [{"name": "linux-6.9", ...}]
//     schema {"name": "query-platforms", ...}, {"name": "@0@", ...}
//     machine pc-q35-9.1
//     platform linux-6.9
#include "monitor.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define DATA_MOST (1024 * 1024)

struct data data;
static char text[DATA_MOST];

static bool starts(struct span line, const char *word, struct span *rest) {
    size_t length = strlen(word);
    if (line.length <= length || memcmp(line.at, word, length) != 0 || line.at[length] != ' ') {
        return false;
    }
    *rest = (struct span){line.at + length + 1, line.length - length - 1};
    return true;
}

static bool is_json(struct span value, char first) {
    return value.at[0] == first && json_value_end(value.at, value.at + value.length) != NULL;
}

static bool is_name(struct span name) {
    static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    for (size_t i = 0; i < name.length; i++) {
        if (memchr(legal, name.at[i], sizeof legal - 1) == NULL) {
            return false;
        }
    }
    return name.length > 0;
}

static const char *take_name(struct span name, struct span *all, int *count, int most) {
    if (!is_name(name)) {
        return "a name with characters other than a-z, A-Z, 0-9, '_', '.' and '-'";
    }
    if (*count == most) {
        return "more machines than 512 or more platforms than 128";
    }
    all[(*count)++] = name;
    return NULL;
}

static const char *take_line(struct span line) {
    struct span rest;
    if (starts(line, "machine", &rest)) {
        return take_name(rest, data.machines, &data.machine_count, MACHINES_MOST);
    }
    if (starts(line, "platform", &rest)) {
        return take_name(rest, data.names, &data.name_count, PLATFORMS_MOST);
    }
    if (starts(line, "platforms", &rest) && is_json(rest, '[')) {
        data.platforms = rest;
    } else if (starts(line, "brief", &rest) && is_json(rest, '[')) {
        data.brief = rest;
    } else if (starts(line, "schema", &rest) && is_json(rest, '{')) {
        data.schema = rest;
    } else {
        return "a line other than machine, platform, platforms, brief and schema, or invalid JSON";
    }
    return NULL;
}

const char *data_read(int fd) {
    static const char first[] = "vhost4j-monitor-data 1\n";
    size_t length = 0;
    for (;;) {
        ssize_t got = pread(fd, text + length, sizeof text - length, (off_t)length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return strerror(errno);
        }
        if (got == 0) {
            break;
        }
        length += (size_t)got;
        if (length == sizeof text) {
            return "more than 1 MiB";
        }
    }
    if (length < sizeof first || memcmp(text, first, sizeof first - 1) != 0) {
        return "not the data of this version of vhost4j-monitor";
    }
    const char *end = text + length;
    for (const char *at = text + sizeof first - 1; at < end;) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        if (line_end == NULL) {
            return "an unterminated last line";
        }
        const char *problem = take_line((struct span){at, (size_t)(line_end - at)});
        if (problem != NULL) {
            return problem;
        }
        at = line_end + 1;
    }
    if (data.machine_count * data.name_count > NAMES_MOST) {
        return "more than 8192 names of machines";
    }
    return data.platforms.at != NULL && data.brief.at != NULL && data.schema.at != NULL ? NULL : "no platforms, brief or schema";
}
