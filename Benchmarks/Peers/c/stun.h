// Messages of STUN (RFC 8489) over TCP, as far as TURN with TCP (RFC 8656, RFC 6062) needs them. Numbers are big-endian.

#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

enum { most_stun_bytes = 1024 };

enum stun_type {
    stun_allocate = 0x0003,
    stun_create_permission = 0x0008,
    stun_connection_bind = 0x000b,
    stun_connection_attempt = 0x001c,  // An indication.
};

enum stun_attribute {
    stun_error_code = 0x0009,
    stun_xor_peer_address = 0x0012,
    stun_xor_relayed_address = 0x0016,
    stun_requested_transport = 0x0019,
    stun_connection_id = 0x002a,
};

struct stun_message {
    size_t length;  // All of it.
    uint8_t bytes[most_stun_bytes];
};

// A request without attributes, under a transaction id of its own.
struct stun_message make_request(enum stun_type type);

// Of at most 64 bytes.
void add_attribute(struct stun_message *message, enum stun_attribute attribute, const void *value, size_t length);
void add_peer_address(struct stun_message *message, struct in_addr address);

// Sends the request and takes the response that belongs to it. Ends the process with `what` for an error.
struct stun_message ask(int descriptor, const struct stun_message *request, const char *what);

// The next message, and not a byte more: data may be behind it.
struct stun_message next_stun_message(int descriptor);

enum stun_type type_of(const struct stun_message *message);

// The value of an attribute of that length, or of a longer one. Ends the process where there is none.
const uint8_t *attribute_of(const struct stun_message *message, enum stun_attribute attribute, size_t length);

// The address that XOR-RELAYED-ADDRESS holds; of IPv4 alone.
struct sockaddr_in relayed_address(const struct stun_message *message);
