// SPDX-License-Identifier: Apache-2.0
// The client's side. Everything is forwarded to QEMU unchanged, but a message is held back until its command is known.
//
// QEMU has no query-platforms. An existing command is sent instead, so that QEMU itself checks that qmp_capabilities was sent,
// produces every error, and sends the reply in the right order.
#include "monitor.h"

#include <string.h>

// The substitute without arguments: it is answered immediately, in every state of QEMU.
#define CARRIER "query-version"
// The substitute with one optional boolean argument, so that QEMU reports errors of the argument.
#define BOOLEAN_CARRIER "query-named-block-nodes"
#define BOOLEAN_ARGUMENT "flat"

#define MEMBERS_MOST 32

char commands_out[COMMANDS_ROOM];
size_t commands_length;
unsigned outstanding;

static enum { BETWEEN, HELD, PASSING } state;
static char hold[HOLD_MOST];
static size_t hold_length;
static size_t depth;
static char quote;
static bool escaped;
// The state at the message's first level.
static size_t string_start, key_start, key_length;
static bool value_next;
static int kind;

void commands_reset(void) {
    state = BETWEEN;
    hold_length = commands_length = depth = 0;
    quote = 0;
    outstanding = 0;
}

static void put(const char *bytes, size_t length) {
    // Room for the held data, and for a chunk of the shortest commands after they were extended.
    memcpy(commands_out + commands_length, bytes, length);
    commands_length += length;
}

static void put_text(const char *text) { put(text, strlen(text)); }
static void put_span(struct span span) { put(span.at, span.length); }

static void let_pass(void) {
    put(hold, hold_length);
    hold_length = 0;
}

static int kind_of(struct span name) {
    static const struct {
        const char *name;
        int kind;
    } known[] = {{"query-platforms", PLATFORMS}, {"query-machines", MACHINES}, {"query-qmp-schema", SCHEMA},
                 {"query-commands", COMMANDS},   {"query-chardev", CHARDEVS}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (json_reads(name, known[i].name)) {
            return known[i].kind;
        }
    }
    return 0;
}

static void put_id(const struct member *id, int as) {
    char tail[] = {'-', (char)as, '"', 0};
    put_text(id == NULL ? "\"id\": \"" : "\"id\": {\"");
    put_text(mark);
    put_text(tail);
    if (id != NULL) {
        put_text(": ");
        put_span(id->value);
        put_text("}");
    }
}

// The arguments of query-platforms, and the command that is sent instead.
struct carried {
    const char *carrier;
    struct member all[MEMBERS_MOST];
    int count;
    // The index of compat-props, or -1, and whether it is sent to QEMU.
    int flag;
    bool flag_goes;
    int kind;
};

static bool carry(const struct member *arguments, struct carried *carried) {
    *carried = (struct carried){.carrier = CARRIER, .flag = -1, .kind = PLATFORMS};
    if (arguments == NULL || arguments->value.at[0] != '{') {
        return true;
    }
    carried->count = json_members(arguments->value, carried->all, MEMBERS_MOST);
    for (int i = 0; i < carried->count; i++) {
        if (json_reads(carried->all[i].key, "compat-props")) {
            if (carried->flag >= 0) {
                return false;
            }
            carried->flag = i;
        }
    }
    if (carried->flag >= 0) {
        struct span value = carried->all[carried->flag].value;
        if (value.length == 5 && memcmp(value.at, "false", 5) == 0) {
            carried->kind = BRIEF;
        } else if (value.length != 4 || memcmp(value.at, "true", 4) != 0) {
            carried->carrier = BOOLEAN_CARRIER;
            carried->flag_goes = true;
        }
    }
    return carried->count >= 0;
}

static void put_arguments(const struct member *arguments, const struct carried *carried) {
    if (carried->flag < 0) {
        put_span(arguments->whole);
        return;
    }
    put_text("\"arguments\": {");
    bool first = true;
    for (int i = 0; i < carried->count; i++) {
        if (i == carried->flag && !carried->flag_goes) {
            continue;
        }
        put_text(first ? "" : ", ");
        first = false;
        if (i == carried->flag) {
            put_text("\"" BOOLEAN_ARGUMENT "\": ");
            put_span(carried->all[i].value);
        } else {
            put_span(carried->all[i].whole);
        }
    }
    put_text("}");
}

// A malformed message is forwarded unchanged, and QEMU reports the error.
static bool rewrite(void) {
    static struct member all[MEMBERS_MOST];
    static struct carried carried;
    const struct member *id = NULL;
    const struct member *arguments = NULL;
    const struct member *command = NULL;
    int count = json_members((struct span){hold, hold_length}, all, MEMBERS_MOST);
    if (count < 0) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        const struct member **role = json_reads(all[i].key, "id")          ? &id
                                     : json_reads(all[i].key, "arguments") ? &arguments
                                     : json_reads(all[i].key, "execute") || json_reads(all[i].key, "exec-oob") ? &command
                                                                                                                : NULL;
        if (role != NULL && *role != NULL) {
            return false;
        }
        if (role != NULL) {
            *role = &all[i];
        }
    }
    if (command == NULL || (kind == PLATFORMS && !carry(arguments, &carried))) {
        return false;
    }
    put_text("{");
    for (int i = 0; i < count; i++) {
        if (&all[i] == id) {
            continue;
        }
        if (&all[i] == command && kind == PLATFORMS) {
            put_text("\"");
            put_span(all[i].key);
            put_text("\": \"");
            put_text(carried.carrier);
            put_text("\"");
        } else if (&all[i] == arguments && kind == PLATFORMS) {
            put_arguments(arguments, &carried);
        } else {
            put_span(all[i].whole);
        }
        put_text(", ");
    }
    put_id(id, kind == PLATFORMS ? carried.kind : kind);
    put_text("}");
    outstanding++;
    hold_length = 0;
    return true;
}

static void end_message(void) {
    if (state == HELD && (kind == 0 || !rewrite())) {
        let_pass();
    }
    state = BETWEEN;
}

// A string at the first level of a held message has ended.
static void end_string(void) {
    size_t start = string_start + 1;
    size_t length = hold_length - 1 - start;
    if (!value_next) {
        key_start = start;
        key_length = length;
        return;
    }
    struct span key = {hold + key_start, key_length};
    if (json_reads(key, "execute") || json_reads(key, "exec-oob")) {
        kind = kind_of((struct span){hold + start, length});
        if (kind == 0) {
            let_pass();
            state = PASSING;
        }
    }
}

// Characters at which QEMU's lexer ends the preceding token.
static bool is_broken(unsigned char c) {
    return (c < 0x20 && (quote != 0 || (c != '\t' && c != '\n' && c != '\r'))) || c == 0xc0 || c == 0xc1 || c > 0xf4;
}

static void take(char c) {
    if (state == BETWEEN && depth == 0 && quote == 0 && c == '{') {
        state = HELD;
        value_next = false;
        kind = 0;
        key_length = 0;
    }
    if (state == HELD && hold_length == HOLD_MOST) {
        let_pass();
        state = PASSING;
    }
    if (state == HELD) {
        hold[hold_length++] = c;
    } else {
        put(&c, 1);
    }
    if (is_broken((unsigned char)c)) {
        let_pass();
        state = BETWEEN;
        depth = 0;
        quote = 0;
        return;
    }
    if (quote != 0) {
        if (escaped) {
            escaped = false;
        } else if (c == '\\') {
            escaped = true;
        } else if (c == quote) {
            quote = 0;
            if (state == HELD && depth == 1) {
                end_string();
            }
        }
        return;
    }
    switch (c) {
    case '"':
    case '\'':
        quote = c;
        escaped = false;
        string_start = hold_length - 1;
        break;
    case '{':
    case '[':
        depth++;
        break;
    case '}':
    case ']':
        if (depth > 0 && --depth == 0) {
            end_message();
        }
        break;
    case ':':
    case ',':
        if (depth == 1) {
            value_next = c == ':';
        }
        break;
    default:
        break;
    }
}

void commands_take(const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        take(bytes[i]);
    }
}

void commands_let_pass(void) {
    if (state == HELD) {
        let_pass();
        state = PASSING;
    }
}
