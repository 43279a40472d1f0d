#include "json.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NESTING = 600 };

/* The text is followed by a zero byte, so that one byte can always be looked at. */
struct json {
    struct arena *arena;
    const char *at;
};

static void skip_space(struct json *j)
{
    while (*j->at == ' ' || *j->at == '\t' || *j->at == '\n' || *j->at == '\r')
        j->at++;
}

static bool skip(struct json *j, const char *word)
{
    size_t size = strlen(word);
    skip_space(j);
    if (strncmp(j->at, word, size))
        return false;
    j->at += size;
    return true;
}

static bool read_hex4(struct json *j, uint32_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++, j->at++) {
        if (!isxdigit((unsigned char)*j->at))
            return false;
        int c = tolower((unsigned char)*j->at);
        *unit = *unit << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return true;
}

static bool read_escape(struct json *j, char **out)
{
    static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *name = *j->at ? strchr(names, *j->at) : NULL;
    uint32_t code, low;
    if (name) {
        j->at++;
        *(*out)++ = meant[name - names];
        return true;
    }
    if (*j->at++ != 'u' || !read_hex4(j, &code))
        return false;
    if (code >= 0xd800 && code < 0xe000) {
        if (code >= 0xdc00 || *j->at++ != '\\' || *j->at++ != 'u' || !read_hex4(j, &low))
            return false;
        if (low < 0xdc00 || low >= 0xe000)
            return false;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
    *(*out)++ = (char)(leads[more] | code >> (6 * more));
    while (more--)
        *(*out)++ = (char)(0x80 | (code >> (6 * more) & 0x3f));
    return true;
}

static bool read_string(struct json *j, struct value *value)
{
    /* An escape is never shorter than what it stands for. */
    const char *end = j->at;
    while (*end && *end != '"')
        end += *end == '\\' && end[1] ? 2 : 1;
    char *text = arena_take(j->arena, (size_t)(end - j->at) + 1), *out = text;
    while (*j->at && *j->at != '"') {
        if (*j->at != '\\')
            *out++ = *j->at++;
        else if (j->at++, !read_escape(j, &out))
            return false;
    }
    *value = (struct value){.kind = KIND_STRING, .text = text, .size = (size_t)(out - text)};
    return *j->at++ == '"';
}

static bool read_number(struct json *j, struct value *value)
{
    size_t size = strspn(j->at, "+-0123456789.eE");
    char *end;
    if (!size || (*j->at != '-' && !isdigit((unsigned char)*j->at)))
        return false;
    bool whole = strcspn(j->at, ".eE") >= size;
    *value = (struct value){.kind = whole ? KIND_INTEGER : KIND_FLOAT};
    value->negative = whole && *j->at == '-';
    if (whole)
        value->number = strtoull(j->at + value->negative, &end, 10);
    else
        value->real = strtod(j->at, &end);
    bool good = end == j->at + size;
    j->at += size;
    return good;
}

static bool read_any(struct json *j, int depth, struct value *value)
{
    *value = (struct value){.kind = KIND_NULL};
    if (skip(j, "null"))
        return true;
    value->kind = KIND_BOOL;
    if (skip(j, "false"))
        return true;
    value->negative = true;
    if (skip(j, "true"))
        return true;
    if (skip(j, "\""))
        return read_string(j, value);
    bool map = skip(j, "{");
    if (!map && !skip(j, "["))
        return read_number(j, value);
    const char *close = map ? "}" : "]";
    size_t room = 0;
    struct value item;
    *value = (struct value){.kind = map ? KIND_MAP : KIND_ARRAY};
    if (depth == MAX_NESTING)
        return false;
    if (skip(j, close))
        return true;
    do {
        if (map) {
            if (!skip(j, "\"") || !read_string(j, &item) || !skip(j, ":"))
                return false;
            add_item(j->arena, value, &room, item);
        }
        if (!read_any(j, depth + 1, &item))
            return false;
        add_item(j->arena, value, &room, item);
    } while (skip(j, ","));
    return skip(j, close);
}

bool read_json(struct arena *arena, const char *text, size_t size, struct value *value)
{
    struct json j = {arena, text};
    if (strlen(text) != size || !read_any(&j, 0, value))
        return false;
    skip_space(&j);
    return j.at == text + size;
}

bool is(const struct value *v, const char *word)
{
    return v && v->kind == KIND_STRING && v->size == strlen(word) && !memcmp(v->text, word, v->size);
}

struct value *member(const struct value *map, const char *key)
{
    for (size_t i = 0; map && map->kind == KIND_MAP && i + 1 < map->size; i += 2)
        if (is(&map->items[i], key))
            return &map->items[i + 1];
    return NULL;
}

bool from_hex(struct arena *arena, const struct value *hex, struct value *bytes)
{
    static const char digits[] = "0123456789abcdef";
    if (!hex || hex->kind != KIND_STRING || hex->size % 2)
        return false;
    uint8_t *data = arena_take(arena, hex->size / 2 + 1);
    for (size_t i = 0; i < hex->size; i++) {
        const char *digit = memchr(digits, hex->text[i], 16);
        if (!digit)
            return false;
        data[i / 2] = (uint8_t)(data[i / 2] << 4 | (digit - digits));
    }
    *bytes = (struct value){.kind = KIND_BYTES, .text = (char *)data, .size = hex->size / 2};
    return true;
}

bool untag(struct arena *arena, struct value *v)
{
    struct value *tag = v->kind == KIND_MAP ? member(v, "type") : NULL, bytes, pairs = {.kind = KIND_MAP};
    struct value *content = member(v, "value"), *bits = member(v, "bits");
    size_t room = 0;
    if (!tag) {
        for (size_t i = 0; (v->kind == KIND_ARRAY || v->kind == KIND_MAP) && i < v->size; i++)
            if (!untag(arena, &v->items[i]))
                return false;
    } else if (is(tag, "float") && from_hex(arena, bits, &bytes)) {
        /* The bytes of a float in PSON stand the other way round. */
        uint8_t pson[9] = {bytes.size == 8 ? 0x41 : 0x40};
        struct refusal why;
        for (size_t i = 0; i < bytes.size && i < 8; i++)
            pson[1 + i] = (uint8_t)bytes.text[bytes.size - 1 - i];
        return decode_value(arena, pson, 1 + bytes.size, v, &why);
    } else if (is(tag, "map") && content && content->kind == KIND_ARRAY) {
        for (size_t i = 0; i < content->size; i++) {
            struct value *pair = &content->items[i];
            if (pair->kind != KIND_ARRAY || pair->size != 2 || pair->items[0].kind != KIND_STRING)
                return false;
            if (!untag(arena, &pair->items[1]))
                return false;
            add_item(arena, &pairs, &room, pair->items[0]);
            add_item(arena, &pairs, &room, pair->items[1]);
        }
        *v = pairs;
    } else if (!content || content->kind != KIND_STRING) {
        return false;
    } else if (is(tag, "bytes")) {
        return from_hex(arena, content, v);
    } else if (is(tag, "float")) {
        *v = (struct value){.kind = KIND_FLOAT, .real = strtod(content->text, NULL)};
    } else if (is(tag, "integer") || is(tag, "varint")) {
        bool negative = content->text[0] == '-';
        uint64_t number = strtoull(content->text + negative, NULL, 10);
        *v = (struct value){.kind = KIND_INTEGER, .negative = negative, .number = number};
    } else if (is(tag, "string")) {
        *v = *content;
    } else {
        return false;
    }
    return true;
}

void put_hex(const void *data, size_t size)
{
    putchar('"');
    for (size_t i = 0; i < size; i++)
        printf("%02x", ((const uint8_t *)data)[i]);
    putchar('"');
}

static void put_string(const struct value *v)
{
    putchar('"');
    for (size_t i = 0; i < v->size; i++) {
        unsigned char c = (unsigned char)v->text[i];
        if (c < 0x20 || c == '"' || c == '\\')
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void put_integer(const struct value *v)
{
    /* Larger integers are not exact in every JSON reader. */
    bool plain = v->number <= UINT64_C(1) << 53;
    printf(plain ? "" : "{\"type\":\"integer\",\"value\":\"");
    printf("%s%" PRIu64, v->negative ? "-" : "", v->number);
    printf(plain ? "" : "\"}");
}

void put_json(const struct value *v)
{
    uint64_t bits;
    switch (v->kind) {
    case KIND_NULL:
        printf("null");
        break;
    case KIND_BOOL:
        printf(v->negative ? "true" : "false");
        break;
    case KIND_INTEGER:
        put_integer(v);
        break;
    case KIND_FLOAT:
        memcpy(&bits, &v->real, sizeof bits);
        printf("{\"type\":\"float\",\"bits\":\"%016" PRIx64 "\"}", bits);
        break;
    case KIND_STRING:
        put_string(v);
        break;
    case KIND_BYTES:
        printf("{\"type\":\"bytes\",\"value\":");
        put_hex(v->text, v->size);
        putchar('}');
        break;
    case KIND_ARRAY:
        putchar('[');
        for (size_t i = 0; i < v->size; i++) {
            printf(i ? "," : "");
            put_json(&v->items[i]);
        }
        putchar(']');
        break;
    case KIND_MAP:
        /* The tagged form says every map, also one that holds a key twice. */
        printf("{\"type\":\"map\",\"value\":[");
        for (size_t i = 0; i + 1 < v->size; i += 2) {
            printf(i ? ",[" : "[");
            put_string(&v->items[i]);
            putchar(',');
            put_json(&v->items[i + 1]);
            putchar(']');
        }
        printf("]}");
        break;
    }
}
