#include "inbox.h"

#include "program.h"
#include "wire.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

char *cut_message(struct inbox *inbox, size_t *length) {
    size_t have = inbox->end - inbox->start;
    *length = header_bytes;
    if (have < header_bytes) return NULL;
    uint32_t header;
    memcpy(&header, inbox->data + inbox->start, header_bytes);
    size_t body_bytes = ntohl(header), need = header_bytes + body_bytes;
    *length = body_bytes > largest_message_bytes || !body_bytes ? 0 : need;
    if (have < need || !*length) return NULL;
    char *body = inbox->data + inbox->start + header_bytes;
    inbox->start += need;
    *length = body_bytes;
    return body;
}

// A frame that is not whole moves to the front when it would not fit, or when little room is left behind it.
void make_room(struct inbox *inbox, size_t need) {
    size_t have = inbox->end - inbox->start;
    if (inbox->start && (have == 0 || inbox->capacity - inbox->start < need
                         || inbox->capacity - inbox->end < inbox->capacity / 4)) {
        memmove(inbox->data, inbox->data + inbox->start, have);
        inbox->start = 0;
        inbox->end = have;
    }
    if (need <= inbox->capacity) return;
    inbox->capacity = 2 * need;
    inbox->data = allocate(inbox->data, inbox->capacity);
}
