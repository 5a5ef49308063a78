// SPDX-License-Identifier: Apache-2.0
// QEMU's side. Everything is forwarded to the client unchanged. Messages are held back until they are complete only while a reply of QEMU that
// has to be changed is outstanding, because the id that identifies it comes last in the message.
#include "monitor.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

// Maximum size of an answer that can be changed; QEMU's longest, query-qmp-schema, has a tenth of this.
#define ANSWER_MOST (4 * 1024 * 1024)
// Size of one read, so that no more than this is resident when no message is held back.
#define READ_MOST 65536

struct segments segments;

static char buffer[ANSWER_MOST] __attribute__((aligned(4096)));
// The number of all bytes, the number of examined bytes, and the start of the bytes that were not sent to the client.
static size_t length, scanned, begun;
static size_t message;
static size_t depth;
static bool in_string, escaped;
// Whether part of the message was forwarded before its end.
static bool leaving;
static size_t sent_up_to;
// QEMU may send a client data that the previous client did not read. Messages are separated after the greeting.
static bool greeted;
static size_t greeting_seen;
static char inner_path[256];
static struct span outer_path;
static char outer_text[1024];

void answers_reset(void) {
    length = scanned = begun = depth = 0;
    in_string = escaped = leaving = greeted = false;
    greeting_seen = 0;
    segments.count = 0;
    segments.overflow = false;
}

// Paths are in JSON syntax. The outer one may contain escaped characters; the inner one is generated without any.
void answers_paths(const char *inner, const char *outer) {
    size_t at = 0;
    snprintf(inner_path, sizeof inner_path, "%s", inner);
    for (; *outer != 0 && at + 7 < sizeof outer_text; outer++) {
        unsigned char c = (unsigned char)*outer;
        if (c == '"' || c == '\\') {
            outer_text[at++] = '\\';
            outer_text[at++] = (char)c;
        } else if (c < 0x20 || c > 0x7e) {
            at += (size_t)snprintf(outer_text + at, sizeof outer_text - at, "\\u%04x", c);
        } else {
            outer_text[at++] = (char)c;
        }
    }
    outer_path = (struct span){outer_text, at};
}

char *answers_room(size_t *room) {
    size_t left = ANSWER_MOST - length;
    *room = left < READ_MOST ? left : READ_MOST;
    return buffer + length;
}

// Adjacent bytes are one segment.
static void emit(const char *at, size_t count) {
    if (count == 0) {
        return;
    }
    struct span *last = segments.count > 0 ? &segments.all[segments.count - 1] : NULL;
    if (last != NULL && last->at + last->length == at) {
        last->length += count;
    } else if (segments.count < SEGMENT_MOST) {
        segments.all[segments.count++] = (struct span){at, count};
    } else {
        segments.overflow = true;
    }
}

static void emit_range(const char *start, const char *end) { emit(start, (size_t)(end - start)); }
static void emit_span(struct span span) { emit(span.at, span.length); }
static void emit_text(const char *text) { emit(text, strlen(text)); }

static const char *end_of(struct span span) { return span.at + span.length; }

// The text that QEMU writes between two elements, which depends on the monitor's option `pretty`.
static struct span separator(struct span array) {
    const char *cursor = array.at;
    struct span first;
    struct span second;
    if (json_next(array, &cursor, &first) && json_next(array, &cursor, &second)) {
        return (struct span){end_of(first), (size_t)(second.at - end_of(first))};
    }
    return (struct span){", ", 2};
}

static const struct member *find(const struct member *all, int count, const char *name) {
    for (int i = 0; i < count; i++) {
        if (json_reads(all[i].key, name)) {
            return &all[i];
        }
    }
    return NULL;
}

// Adds another name for a machine, without its alias and default flag, which only one machine can have.
static void emit_machine(struct span entry, const struct member *all, int count, struct span platform) {
    bool first = true;
    emit_range(entry.at, all[0].whole.at);
    for (int i = 0; i < count; i++) {
        const struct member *member = &all[i];
        if (json_reads(member->key, "alias") || json_reads(member->key, "is-default")) {
            continue;
        }
        if (!first) {
            emit_range(end_of(all[i - 1].whole), member->whole.at);
        }
        first = false;
        if (json_reads(member->key, "name")) {
            emit_range(member->whole.at, end_of(member->value) - 1);
            emit_text("_");
            emit_span(platform);
            emit_text("\"");
        } else {
            emit_span(member->whole);
        }
    }
    emit_range(end_of(all[count - 1].whole), end_of(entry));
}

static bool is_machine(struct span name) {
    for (int i = 0; i < data.machine_count; i++) {
        const struct span *one = &data.machines[i];
        if (name.length == one->length + 2 && memcmp(name.at + 1, one->at, one->length) == 0) {
            return true;
        }
    }
    return false;
}

static void emit_machines(struct span array) {
    const char *cursor = array.at;
    struct span entry;
    struct span between = separator(array);
    const char *done = array.at;
    while (json_next(array, &cursor, &entry)) {
        struct member all[32];
        int count = json_members(entry, all, 32);
        const struct member *name = count > 0 ? find(all, count, "name") : NULL;
        emit_range(done, end_of(entry));
        done = end_of(entry);
        if (name == NULL || !is_machine(name->value)) {
            continue;
        }
        for (int i = 0; i < data.name_count; i++) {
            emit_span(between);
            emit_machine(entry, all, count, data.names[i]);
        }
    }
    emit_range(done, end_of(array));
}

// Adds to the end of an array.
static bool emit_before_end(struct span array) {
    const char *cursor = array.at;
    struct span element;
    if (!json_next(array, &cursor, &element)) {
        emit_span(array);
        return false;
    }
    struct span last = element;
    while (json_next(array, &cursor, &element)) {
        last = element;
    }
    emit_range(array.at, end_of(last));
    emit_span(separator(array));
    return true;
}

static void emit_array_end(struct span array) {
    const char *end = end_of(array) - 1;
    while (end[-1] == ' ' || end[-1] == '\n' || end[-1] == '\r' || end[-1] == '\t') {
        end--;
    }
    emit_range(end, end_of(array));
}

static void emit_commands(struct span array) {
    if (emit_before_end(array)) {
        emit_text("{\"name\": \"query-platforms\"}");
        emit_array_end(array);
    }
}

// QEMU's types have numbers as names. New types get numbers after the greatest existing one.
static unsigned long greatest_type(struct span array) {
    const char *cursor = array.at;
    struct span entry;
    unsigned long greatest = 0;
    while (json_next(array, &cursor, &entry)) {
        struct member all[16];
        int count = json_members(entry, all, 16);
        const struct member *name = count > 0 ? find(all, count, "name") : NULL;
        if (name == NULL || name->value.length < 3 || name->value.length > 10) {
            continue;
        }
        unsigned long value = 0;
        size_t i = 1;
        for (; i < name->value.length - 1 && name->value.at[i] >= '0' && name->value.at[i] <= '9'; i++) {
            value = value * 10 + (unsigned long)(name->value.at[i] - '0');
        }
        if (i == name->value.length - 1 && value > greatest) {
            greatest = value;
        }
    }
    return greatest;
}

static void emit_schema(struct span array) {
    static char numbers[10][16];
    if (!emit_before_end(array)) {
        return;
    }
    unsigned long greatest = greatest_type(array);
    const char *at = data.schema.at;
    const char *end = end_of(data.schema);
    for (const char *next = at; next + 2 < end; next++) {
        if (next[0] == '@' && next[1] >= '0' && next[1] <= '9' && next[2] == '@') {
            char *number = numbers[next[1] - '0'];
            snprintf(number, sizeof numbers[0], "%lu", greatest + 1 + (unsigned long)(next[1] - '0'));
            emit_range(at, next);
            emit_text(number);
            at = next + 3;
            next += 2;
        }
    }
    emit_range(at, end);
    emit_array_end(array);
}

static void emit_replaced(struct span text, const char *from, struct span to) {
    size_t from_length = strlen(from);
    const char *at = text.at;
    const char *end = end_of(text);
    for (;;) {
        const char *found = from_length == 0 ? NULL : memmem(at, (size_t)(end - at), from, from_length);
        if (found == NULL) {
            break;
        }
        emit_range(at, found);
        emit_span(to);
        at = found + from_length;
    }
    emit_range(at, end);
}

// Restores the original names in an error of the substituted command.
static void emit_error(struct span error) {
    static const struct {
        const char *from;
        const char *to;
    } names[] = {{"query-version", "query-platforms"}, {"query-named-block-nodes", "query-platforms"}, {"'flat'", "'compat-props'"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (memmem(error.at, error.length, names[i].from, strlen(names[i].from)) != NULL) {
            emit_replaced(error, names[i].from, (struct span){names[i].to, strlen(names[i].to)});
            return;
        }
    }
    emit_span(error);
}

static void emit_return(struct span value, int kind) {
    switch (kind) {
    case PLATFORMS:
        emit_span(data.platforms);
        break;
    case BRIEF:
        emit_span(data.brief);
        break;
    case MACHINES:
        emit_machines(value);
        break;
    case SCHEMA:
        emit_schema(value);
        break;
    case COMMANDS:
        emit_commands(value);
        break;
    case CHARDEVS:
        emit_replaced(value, inner_path, outer_path);
        break;
    default:
        emit_span(value);
        break;
    }
}

// Fills the segments with the changed message for the client, if it is an answer to a command of interest.
static bool change(struct span whole) {
    struct member all[8];
    int count = json_members(whole, all, 8);
    const struct member *id = count > 0 ? find(all, count, "id") : NULL;
    struct span own;
    int kind = id == NULL ? 0 : mark_kind(id->value, &own);
    if (kind == 0) {
        return false;
    }
    struct span between = {", ", 2};
    if (count > 1) {
        between = (struct span){end_of(all[0].whole), (size_t)(all[1].whole.at - end_of(all[0].whole))};
    }
    emit_range(whole.at, all[0].whole.at);
    bool first = true;
    for (int i = 0; i < count; i++) {
        const struct member *member = &all[i];
        if (member == id && own.length == 0) {
            continue;
        }
        if (!first) {
            emit_span(between);
        }
        first = false;
        emit_range(member->whole.at, member->value.at);
        if (member == id) {
            emit_span(own);
        } else if (json_reads(member->key, "return")) {
            emit_return(member->value, kind);
        } else if (json_reads(member->key, "error") && (kind == PLATFORMS || kind == BRIEF)) {
            emit_error(member->value);
        } else {
            emit_span(member->value);
        }
    }
    emit_range(end_of(all[count - 1].whole), end_of(whole));
    return true;
}

// Searches for {"QMP", with or without spaces. The previous data may have ended anywhere.
static void look_for_greeting(char c) {
    static const char start[] = "{\"QMP\"";
    if (greeting_seen == 1 && (c == ' ' || c == '\n' || c == '\r')) {
        return;
    }
    greeting_seen = c == start[greeting_seen] ? greeting_seen + 1 : c == start[0] ? 1 : 0;
    if (greeting_seen == sizeof start - 1) {
        greeted = leaving = true;
        in_string = escaped = false;
        depth = 1;
        message = scanned - 1;
    }
}

// Examines bytes up to the end of a message. Returns true when a message has ended.
static bool scan(void) {
    while (scanned < length) {
        char c = buffer[scanned++];
        if (!greeted) {
            look_for_greeting(c);
            continue;
        }
        if (in_string) {
            if (escaped) {
                escaped = false;
            } else if (c == '\\') {
                escaped = true;
            } else if (c == '"') {
                in_string = false;
            }
            continue;
        }
        switch (c) {
        case '"':
            in_string = depth > 0;
            break;
        case '{':
        case '[':
            if (depth++ == 0) {
                message = scanned - 1;
                leaving = false;
            }
            break;
        case '}':
        case ']':
            if (depth > 0 && --depth == 0) {
                return true;
            }
            break;
        default:
            break;
        }
    }
    return false;
}

// Fills the segments with all data that can be sent, up to and including a changed answer.
static void fill(void) {
    segments.count = 0;
    while (scan()) {
        if (outstanding == 0 || leaving) {
            continue;
        }
        size_t mark_at = segments.count;
        emit_range(buffer + begun, buffer + message);
        if (change((struct span){buffer + message, scanned - message})) {
            outstanding--;
            sent_up_to = scanned;
            return;
        }
        segments.count = mark_at;
    }
    sent_up_to = length;
    if (depth > 0) {
        if (outstanding > 0 && !leaving && length - message < ANSWER_MOST - READ_MOST) {
            sent_up_to = message;
        } else {
            leaving = true;
        }
    }
    if (sent_up_to > begun) {
        emit_range(buffer + begun, buffer + sent_up_to);
    }
}

void answers_take(size_t taken) {
    length += taken;
    fill();
}

bool answers_sent(void) {
    begun = sent_up_to;
    segments.count = 0;
    if (begun < length && scanned < length) {
        fill();
        if (segments.count > 0) {
            return true;
        }
    }
    if (begun > 0) {
        // The rest moves to the front, and memory of a long reply is released.
        memmove(buffer, buffer + begun, length - begun);
        size_t used = (length - begun + READ_MOST + 4095) & ~(size_t)4095;
        if (length > READ_MOST * 4 && used < ANSWER_MOST) {
            madvise(buffer + used, ANSWER_MOST - used, MADV_DONTNEED);
        }
        length -= begun;
        scanned -= begun;
        message = message > begun ? message - begun : 0;
        begun = 0;
    }
    return false;
}
