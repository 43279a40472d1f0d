/* Lets `iotmp-conformance codec` ask codec.c: one JSON object per line each way.
 *
 *     make && iotmp-conformance codec -- ./adapter */
#define _POSIX_C_SOURCE 200809L
#include "codec.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPEC "iotmp-shipping"
static const char HELLO[] = "\"proto\":1,\"impl\":\"c-example\",\"version\":\"1.0.0\",\"ops\":[\"decode\",\"encode\"],"
                            "\"specs\":[\"" SPEC "\"],\"limits\":{\"max_message_size\":262154,\"max_depth\":128}";
static const char *const NAMES[FIELDS] = {"", "stream_id", "parameters", "payload", "resource"};

static void put_unsupported(const char *why)
{
    printf("\"unsupported\":\"%s\"", why);
}

static void put_refusal(const struct refusal *why)
{
    printf("\"reject\":{\"class\":\"%s\",\"offset\":%zu,\"detail\":\"%s\"}", why->kind, why->offset, why->detail);
}

static void put_message(const struct message *message)
{
    if (!message->type) {
        printf("{\"type\":\"0x%02x\",\"body\":", (unsigned)message->code);
        put_json(&message->body);
    } else {
        printf("{\"type\":\"%s\"", message->type->name);
    }
    for (int id = 0; id < FIELDS; id++) {
        if (message->has[id]) {
            printf(",\"%s\":", NAMES[id]);
            put_json(&message->fields[id]);
        }
    }
    putchar('}');
}

static void decode(struct arena *arena, const struct value *request, bool whole)
{
    struct value hex, value;
    struct message message;
    struct refusal why;
    if (!from_hex(arena, member(request, "hex"), &hex)) {
        put_unsupported("decode needs hex");
        return;
    }
    const uint8_t *data = (const uint8_t *)hex.text;
    size_t consumed = hex.size;
    if (whole ? !decode_message(arena, data, hex.size, &message, &consumed, &why)
              : !decode_value(arena, data, hex.size, &value, &why)) {
        put_refusal(&why);
        return;
    }
    printf("\"ok\":");
    if (whole)
        put_message(&message);
    else
        put_json(&value);
    printf(",\"consumed\":%zu", consumed);
}

/* A message out of its JSON; false where it is none. */
static bool to_message(struct arena *arena, struct value *json, struct message *message)
{
    struct value *type = member(json, "type");
    *message = (struct message){0};
    if (!type || type->kind != KIND_STRING || !(message->type = type_named(type->text, type->size)))
        return false;
    message->code = message->type->code;
    for (size_t i = 0; i + 1 < json->size; i += 2) {
        int id = 1;
        while (id < FIELDS && !is(&json->items[i], NAMES[id]))
            id++;
        if (is(&json->items[i], "type"))
            continue;
        if (id == FIELDS || !untag(arena, &json->items[i + 1]))
            return false;
        message->has[id] = true;
        message->fields[id] = json->items[i + 1];
    }
    return true;
}

static void encode(struct arena *arena, struct value *request, bool whole)
{
    struct value *content = member(request, whole ? "message" : "value");
    struct buffer out = {0};
    struct message message;
    struct refusal why;
    if (!content || !(whole ? to_message(arena, content, &message) : untag(arena, content))) {
        put_unsupported("encode needs a message or a value that this codec knows");
    } else if (whole ? encode_message(&message, &out, &why) : encode_value(content, &out, &why)) {
        printf("\"ok\":");
        put_hex(out.data, out.size);
    } else {
        put_refusal(&why);
    }
    free(out.data);
}

static void answer(struct arena *arena, struct value *request)
{
    struct value *op = member(request, "op"), *encoding = member(request, "encoding");
    bool whole = !is(member(request, "kind"), "value");
    if (is(op, "hello"))
        printf("%s", HELLO);
    else if (!is(op, "decode") && !is(op, "encode"))
        put_unsupported("there is no such op");
    else if (!is(member(request, "spec"), SPEC))
        put_unsupported("only " SPEC " is spoken here");
    else if (encoding && !is(encoding, "pson2"))
        put_unsupported("there is only the encoding pson2");
    else if (is(op, "decode"))
        decode(arena, request, whole);
    else
        encode(arena, request, whole);
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    while ((size = getline(&line, &room, stdin)) > 0) {
        struct arena arena = {0};
        struct value request = {0}, *id = NULL;
        bool good = read_json(&arena, line, (size_t)size, &request);
        putchar('{');
        if (good && (id = member(&request, "id"))) {
            printf("\"id\":");
            put_json(id);
            putchar(',');
        }
        if (good)
            answer(&arena, &request);
        else
            put_unsupported("not a request");
        puts("}");
        fflush(stdout);
        arena_free(&arena);
    }
    free(line);
    return 0;
}
