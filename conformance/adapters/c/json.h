/* Values as JSON: what JSON cannot say is an object with a `type`. */
#ifndef IOTMP_JSON_H
#define IOTMP_JSON_H

#include "codec.h"

/* Reads one JSON text as it stands: objects are maps, numbers integers or floats. */
bool read_json(struct arena *arena, const char *text, size_t size, struct value *value);

/* Turns what was read into what it means: `{"type":"bytes","value":"00ff"}` into bytes. */
bool untag(struct arena *arena, struct value *value);

bool is(const struct value *value, const char *word);
struct value *member(const struct value *map, const char *key);
bool from_hex(struct arena *arena, const struct value *hex, struct value *bytes);

/* Write to the standard output. */
void put_hex(const void *data, size_t size);
void put_json(const struct value *value);

#endif
