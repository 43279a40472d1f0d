#include "codec.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VARINT = 0, PSON2 = 2, STREAM_ID = 1 };

#define SID "stream_id"
#define PAR "parameters"
#define PAY "payload"
#define RES "resource"

static const struct message_type TYPES[] = {
    {0x01, "ok", {0, SID, PAR, PAY, 0}, {0, 1, 0, 0, 0}},
    {0x02, "error", {0, SID, PAR, PAY, 0}, {0, 1, 0, 0, 0}},
    {0x03, "connect", {0, SID, PAR, PAY, 0}, {0, 1, 0, 1, 0}},
    {0x04, "disconnect", {0, SID, PAR, PAY, 0}, {0, 0, 0, 0, 0}},
    {0x05, "keep_alive", {0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}},
    {0x06, "run", {0, SID, PAR, PAY, RES}, {0, 0, 0, 0, 1}},
    {0x07, "describe", {0, SID, PAR, 0, RES}, {0, 1, 0, 0, 0}},
    {0x08, "start_stream", {0, SID, PAR, PAY, RES}, {0, 1, 0, 0, 1}},
    {0x09, "stop_stream", {0, SID, PAR, PAY, 0}, {0, 1, 0, 0, 0}},
    {0x0a, "stream_data", {0, SID, PAR, PAY, 0}, {0, 1, 0, 0, 0}},
};
enum { TYPE_COUNT = sizeof TYPES / sizeof TYPES[0] };

void *arena_take(struct arena *arena, size_t size)
{
    void **block = calloc(1, sizeof(void *) + size);
    if (!block)
        abort();
    *block = arena->last;
    arena->last = block;
    return block + 1;
}

void arena_free(struct arena *arena)
{
    while (arena->last) {
        void *before = *(void **)arena->last;
        free(arena->last);
        arena->last = before;
    }
}

void append(struct buffer *buffer, const void *data, size_t size)
{
    if (size > buffer->room - buffer->size) {
        buffer->room = 2 * (buffer->size + size);
        buffer->data = realloc(buffer->data, buffer->room);
        if (!buffer->data)
            abort();
    }
    if (size)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
}

void add_item(struct arena *arena, struct value *to, size_t *room, struct value item)
{
    if (to->size == *room) {
        size_t more = *room ? 2 * *room : 4;
        struct value *items = arena_take(arena, more * sizeof *items);
        if (to->size)
            memcpy(items, to->items, to->size * sizeof *items);
        to->items = items;
        *room = more;
    }
    to->items[to->size++] = item;
}

const struct message_type *type_named(const char *name, size_t size)
{
    for (int i = 0; i < TYPE_COUNT; i++)
        if (strlen(TYPES[i].name) == size && !memcmp(TYPES[i].name, name, size))
            return &TYPES[i];
    return NULL;
}

/* --- reading */

struct reader {
    struct arena *arena;
    const uint8_t *data;
    size_t at, end;
    struct refusal *why;
};

static bool refuse(struct refusal *why, const char *kind, size_t offset, const char *detail)
{
    *why = (struct refusal){kind, offset, detail};
    return false;
}

static bool has(struct reader *r, uint64_t count)
{
    return count <= r->end - r->at || refuse(r->why, "truncated", r->at, "the bytes end early");
}

static bool read_varint(struct reader *r, int bits, uint64_t *number)
{
    size_t start = r->at;
    *number = 0;
    for (int shift = 0; shift < bits; shift += 7) {
        if (r->at == r->end)
            return refuse(r->why, "truncated", start, "a varint without its last byte");
        uint64_t byte = r->data[r->at++], group = byte & 0x7f;
        if (bits - shift < 7 && group >> (bits - shift))
            break;
        *number |= group << shift;
        if (byte < 0x80)
            return true;
    }
    return refuse(r->why, "varint-overflow", start, "a number beyond its width");
}

/* How many bytes from the start are UTF-8. */
static size_t valid_utf8(const uint8_t *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        uint8_t lead = text[at], low = 0x80, high = 0xbf;
        size_t more = lead < 0x80 ? 0 : lead < 0xc2 ? 9 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : 9;
        if (lead == 0xe0)
            low = 0xa0;
        else if (lead == 0xed)
            high = 0x9f;
        else if (lead == 0xf0)
            low = 0x90;
        else if (lead == 0xf4)
            high = 0x8f;
        if (more >= size - at)
            return at;
        for (size_t i = 1; i <= more; i++, low = 0x80, high = 0xbf)
            if (text[at + i] < low || text[at + i] > high)
                return at;
        at += more + 1;
    }
    return at;
}

static bool read_value(struct reader *r, int depth, struct value *value);

static bool read_text(struct reader *r, uint64_t size, enum kind kind, struct value *value)
{
    if (!has(r, size))
        return false;
    *value = (struct value){.kind = kind, .text = (const char *)r->data + r->at, .size = size};
    size_t good = kind == KIND_BYTES ? size : valid_utf8(r->data + r->at, size);
    if (good < size)
        return refuse(r->why, "utf8", r->at + good, "text that is not UTF-8");
    r->at += size;
    return true;
}

static bool read_items(struct reader *r, uint64_t count, int depth, struct value *value)
{
    size_t room = 0;
    struct value item;
    /* A count is believed one item at a time: each takes a byte at least. */
    for (uint64_t i = 0; i < count; i++) {
        if (value->kind == KIND_MAP) {
            if (!has(r, 1))
                return false;
            if (r->data[r->at] >> 5 != 4)
                return refuse(r->why, "key", r->at, "the key of a map is not a string");
            if (!read_value(r, depth, &item))
                return false;
            add_item(r->arena, value, &room, item);
        }
        if (!read_value(r, depth, &item))
            return false;
        add_item(r->arena, value, &room, item);
    }
    return true;
}

static bool read_float(struct reader *r, size_t size, struct value *value)
{
    uint64_t bits = 0;
    if (!has(r, size))
        return false;
    for (size_t i = 0; i < size; i++)
        bits |= (uint64_t)r->data[r->at++] << (8 * i);
    *value = (struct value){.kind = KIND_FLOAT};
    if (size == 4) {
        uint32_t half = (uint32_t)bits;
        float single;
        memcpy(&single, &half, sizeof single);
        value->real = single;
    } else {
        memcpy(&value->real, &bits, sizeof value->real);
    }
    return true;
}

static bool read_value(struct reader *r, int depth, struct value *value)
{
    size_t start = r->at;
    if (!has(r, 1))
        return false;
    uint8_t tag = r->data[r->at++];
    uint64_t number = tag & 0x1f;
    if (number == 0x1f && !read_varint(r, 64, &number))
        return false;
    *value = (struct value){.kind = KIND_NULL};
    switch (tag >> 5) {
    case 0:
    case 1:
        *value = (struct value){.kind = KIND_INTEGER, .negative = tag >> 5 && number, .number = number};
        return true;
    case 2:
        return number < 2 ? read_float(r, number ? 8 : 4, value) : refuse(r->why, "tag", start, "there is no such float");
    case 3:
        if (number < 2)
            *value = (struct value){.kind = KIND_BOOL, .negative = number == 1};
        return number < 3 || refuse(r->why, "tag", start, "there is no such constant");
    case 4:
        return read_text(r, number, KIND_STRING, value);
    case 5:
        return read_text(r, number, KIND_BYTES, value);
    default:
        if (depth == MAX_DEPTH)
            return refuse(r->why, "depth", start, "nested too deep");
        value->kind = tag >> 5 == 6 ? KIND_MAP : KIND_ARRAY;
        return read_items(r, number, depth + 1, value);
    }
}

bool decode_value(struct arena *arena, const uint8_t *data, size_t size, struct value *value, struct refusal *why)
{
    struct reader r = {arena, data, 0, size, why};
    if (!read_value(&r, 0, value))
        return false;
    return r.at == size || refuse(why, "trailing-bytes", r.at, "bytes after the value");
}

static bool read_field(struct reader *r, struct message *message)
{
    size_t key_at = r->at;
    uint64_t key, number;
    if (!read_varint(r, 32, &key))
        return false;
    size_t value_at = r->at;
    unsigned wire = key & 7;
    uint64_t id = key >> 3;
    if (wire != VARINT && wire != PSON2)
        return refuse(r->why, "wire-type", key_at, "a reserved wire type");
    bool known = id < FIELDS && message->type->fields[id];
    struct value value;
    if (known && id == STREAM_ID && wire != VARINT)
        return refuse(r->why, "wrong-type", key_at, "a stream identifier is a varint");
    if (wire == VARINT) {
        bool stream = known && id == STREAM_ID;
        if (!read_varint(r, stream ? 32 : 64, &number))
            return false;
        if (stream && number > 0xffff)
            return refuse(r->why, "range", value_at, "a stream identifier beyond 16 bits");
        value = (struct value){.kind = KIND_INTEGER, .number = number};
    } else if (!read_value(r, 0, &value)) {
        return false;
    }
    if (known) {
        message->has[id] = true;
        message->fields[id] = value;
    }
    return true;
}

bool decode_message(struct arena *arena, const uint8_t *data, size_t size, struct message *message, size_t *consumed,
                    struct refusal *why)
{
    struct reader r = {arena, data, 0, size, why};
    uint64_t code, length;
    if (!read_varint(&r, 32, &code) || !read_varint(&r, 32, &length))
        return false;
    if (length > size - r.at)
        return refuse(why, "truncated", size, "the message is longer than the bytes");
    if (length > MAX_BODY)
        return refuse(why, "too-large", r.at, "a body beyond the limit");
    *message = (struct message){.code = (uint32_t)code};
    *consumed = r.end = r.at + length;
    for (int i = 0; i < TYPE_COUNT; i++)
        if (TYPES[i].code == code)
            message->type = &TYPES[i];
    if (!message->type)
        return read_text(&r, length, KIND_BYTES, &message->body);
    while (r.at < r.end)
        if (!read_field(&r, message))
            return false;
    for (int id = 0; id < FIELDS; id++)
        if (message->type->mandatory[id] && !message->has[id])
            return refuse(why, "missing-field", r.end, message->type->fields[id]);
    return true;
}

/* --- writing */

static void put(struct buffer *out, unsigned byte)
{
    uint8_t b = (uint8_t)byte;
    append(out, &b, 1);
}

static void put_varint(struct buffer *out, uint64_t number)
{
    for (; number > 0x7f; number >>= 7)
        put(out, (number & 0x7f) | 0x80);
    put(out, (unsigned)number);
}

static void put_tag(struct buffer *out, unsigned kind, uint64_t number)
{
    put(out, kind << 5 | (number < 0x1f ? (unsigned)number : 0x1f));
    if (number >= 0x1f)
        put_varint(out, number);
}

static void put_bits(struct buffer *out, uint64_t bits, int size)
{
    for (int i = 0; i < size; i++)
        put(out, bits >> (8 * i) & 0xff);
}

static void put_float(struct buffer *out, double real)
{
    bool fits = isnan(real) || isinf(real) || (fabs(real) <= FLT_MAX && (double)(float)real == real);
    if (isfinite(real) && real == floor(real) && fabs(real) < 18446744073709551616.0) {
        put_tag(out, real < 0, (uint64_t)fabs(real));
    } else if (fits) {
        float single = (float)real;
        uint32_t bits;
        memcpy(&bits, &single, sizeof bits);
        put(out, 0x40);
        put_bits(out, bits, 4);
    } else {
        uint64_t bits;
        memcpy(&bits, &real, sizeof bits);
        put(out, 0x41);
        put_bits(out, bits, 8);
    }
}

static int by_key(const void *a, const void *b)
{
    const struct value *x = a, *y = b;
    size_t shorter = x->size < y->size ? x->size : y->size;
    int order = shorter ? memcmp(x->text, y->text, shorter) : 0;
    return order ? order : (x->size > y->size) - (x->size < y->size);
}

static bool put_value(const struct value *value, int depth, struct buffer *out, struct refusal *why)
{
    switch (value->kind) {
    case KIND_NULL:
        put(out, 0x62);
        return true;
    case KIND_BOOL:
        put(out, value->negative ? 0x61 : 0x60);
        return true;
    case KIND_INTEGER:
        put_tag(out, value->negative && value->number, value->number);
        return true;
    case KIND_FLOAT:
        put_float(out, value->real);
        return true;
    case KIND_STRING:
    case KIND_BYTES:
        put_tag(out, value->kind == KIND_STRING ? 4 : 5, value->size);
        append(out, value->text, value->size);
        return true;
    default:
        break;
    }
    if (depth == MAX_DEPTH)
        return refuse(why, "depth", 0, "nested too deep");
    if (value->kind == KIND_MAP)
        qsort(value->items, value->size / 2, 2 * sizeof *value->items, by_key);
    put_tag(out, value->kind == KIND_MAP ? 6 : 7, value->kind == KIND_MAP ? value->size / 2 : value->size);
    for (size_t i = 0; i < value->size; i++)
        if (!put_value(&value->items[i], depth + 1, out, why))
            return false;
    return true;
}

bool encode_value(const struct value *value, struct buffer *out, struct refusal *why)
{
    return put_value(value, 0, out, why);
}

bool encode_message(const struct message *message, struct buffer *out, struct refusal *why)
{
    struct buffer body = {0};
    bool good = true;
    for (unsigned id = 0; id < FIELDS && good; id++) {
        const struct value *field = &message->fields[id];
        bool natural = field->kind == KIND_INTEGER && !(field->negative && field->number);
        if (!message->has[id]) {
            if (message->type->mandatory[id])
                good = refuse(why, "missing-field", 0, message->type->fields[id]);
            continue;
        }
        if (!message->type->fields[id]) {
            good = refuse(why, "unknown-field", 0, "the message has no such field");
        } else if (id == STREAM_ID && !(natural && field->number <= 0xffff)) {
            good = refuse(why, "range", 0, "a stream identifier is a number of 16 bits");
        } else if (natural) {
            put_varint(&body, id << 3 | VARINT);
            put_varint(&body, field->number);
        } else {
            put_varint(&body, id << 3 | PSON2);
            good = put_value(field, 0, &body, why);
        }
    }
    if (good && body.size > MAX_BODY)
        good = refuse(why, "too-large", 0, "a body beyond the limit");
    if (good) {
        put_varint(out, message->code);
        put_varint(out, body.size);
        append(out, body.data, body.size);
    }
    free(body.data);
    return good;
}
