/* A small codec of IOTMP as shipping devices speak it: messages over PSON 2.
 *
 * Everything that is read hangs in an arena, which is freed as a whole. */
#ifndef IOTMP_CODEC_H
#define IOTMP_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_BODY = 256 * 1024, MAX_DEPTH = 128, FIELDS = 5 };

enum kind { KIND_NULL, KIND_BOOL, KIND_INTEGER, KIND_FLOAT, KIND_STRING, KIND_BYTES, KIND_ARRAY, KIND_MAP };

struct value {
    enum kind kind;
    bool negative;       /* of an integer; of a boolean: whether it is true */
    uint64_t number;     /* magnitude of an integer */
    double real;
    const char *text;    /* of a string or bytes; not ended by a zero */
    size_t size;         /* bytes of text, or number of items */
    struct value *items; /* of an array; of a map keys and values in turn */
};

/* A message type, and its fields by number; a null name is no field. */
struct message_type {
    uint32_t code;
    const char *name;
    const char *fields[FIELDS];
    bool mandatory[FIELDS];
};

struct message {
    uint32_t code;
    const struct message_type *type; /* null: nobody knows it, and `body` is all of it */
    struct value body;
    bool has[FIELDS];
    struct value fields[FIELDS];
};

/* Why something was refused. */
struct refusal {
    const char *kind;
    size_t offset;
    const char *detail;
};

struct buffer {
    char *data;
    size_t size, room;
};

struct arena {
    void *last;
};

void *arena_take(struct arena *arena, size_t size);
void arena_free(struct arena *arena);
void append(struct buffer *buffer, const void *data, size_t size);

/* Adds an item to an array, or a key or value to a map. */
void add_item(struct arena *arena, struct value *to, size_t *room, struct value item);

const struct message_type *type_named(const char *name, size_t size);

/* Each gives false and the refusal where there is nothing to give. */
bool decode_value(struct arena *arena, const uint8_t *data, size_t size, struct value *value, struct refusal *why);
bool decode_message(struct arena *arena, const uint8_t *data, size_t size, struct message *message, size_t *consumed,
                    struct refusal *why);
bool encode_value(const struct value *value, struct buffer *out, struct refusal *why);
bool encode_message(const struct message *message, struct buffer *out, struct refusal *why);

#endif
