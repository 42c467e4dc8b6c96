#include "stun.h"

#include "program.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
    stun_header_bytes = 20,
    attribute_header_bytes = 4,
    most_value_bytes = 64,
    cookie_offset = 4,
    transaction_offset = 8,
    success_bits = 0x0100,
    address_family_ipv4 = 1,
};
static const uint32_t cookie = 0x2112a442;

static uint16_t read_16(const uint8_t *bytes) { return (uint16_t)(bytes[0] << 8 | bytes[1]); }

static void write_16(uint8_t *bytes, size_t number) {
    bytes[0] = (uint8_t)(number >> 8);
    bytes[1] = (uint8_t)number;
}

struct stun_message make_request(enum stun_type type) {
    // Unique in this process is enough: each connection to the relay has one user.
    static uint64_t transactions;
    struct stun_message message = {.length = stun_header_bytes};
    uint32_t number = htonl(cookie);
    transactions++;
    write_16(message.bytes, type);
    memcpy(message.bytes + cookie_offset, &number, sizeof number);
    memcpy(message.bytes + transaction_offset, &transactions, sizeof transactions);
    return message;
}

void add_attribute(struct stun_message *message, enum stun_attribute attribute, const void *value, size_t length) {
    size_t padded = (length + 3) & ~(size_t)3;
    if (length > most_value_bytes || message->length + attribute_header_bytes + padded > most_stun_bytes) fail_because("STUN", "too long");
    uint8_t *start = message->bytes + message->length;
    write_16(start, attribute);
    write_16(start + 2, length);
    memcpy(start + attribute_header_bytes, value, length);
    message->length += attribute_header_bytes + padded;
    write_16(message->bytes + 2, message->length - stun_header_bytes);
}

void add_peer_address(struct stun_message *message, struct in_addr address) {
    uint32_t hidden = address.s_addr ^ htonl(cookie);
    // The port does not matter: permissions are for addresses.
    uint8_t value[8] = {0, address_family_ipv4, (uint8_t)(cookie >> 24), (uint8_t)(cookie >> 16)};
    memcpy(value + 4, &hidden, sizeof hidden);
    add_attribute(message, stun_xor_peer_address, value, sizeof value);
}

static void receive_exactly(int descriptor, uint8_t *bytes, size_t count) {
    errno = 0;
    while (count) {
        ssize_t received = recv(descriptor, bytes, count, MSG_WAITALL);
        if (received < 0 && errno == EINTR) continue;
        if (received <= 0) fail("the relay");
        bytes += received;
        count -= (size_t)received;
    }
}

struct stun_message next_stun_message(int descriptor) {
    struct stun_message message;
    receive_exactly(descriptor, message.bytes, stun_header_bytes);
    message.length = stun_header_bytes + read_16(message.bytes + 2);
    if (message.length > most_stun_bytes) fail_because("the relay", "a message that is too long");
    receive_exactly(descriptor, message.bytes + stun_header_bytes, message.length - stun_header_bytes);
    return message;
}

enum stun_type type_of(const struct stun_message *message) { return read_16(message->bytes); }

static const uint8_t *find_attribute(const struct stun_message *message, enum stun_attribute attribute, size_t length) {
    size_t at = stun_header_bytes;
    while (at + attribute_header_bytes <= message->length) {
        const uint8_t *header = message->bytes + at;
        size_t size = read_16(header + 2), padded = (size + 3) & ~(size_t)3;
        at += attribute_header_bytes + padded;
        if (at > message->length) break;
        if (read_16(header) == attribute && size >= length) return header + attribute_header_bytes;
    }
    return NULL;
}

const uint8_t *attribute_of(const struct stun_message *message, enum stun_attribute attribute, size_t length) {
    const uint8_t *value = find_attribute(message, attribute, length);
    if (!value) fail_because("the relay", "a message that lacks an attribute");
    return value;
}

struct stun_message ask(int descriptor, const struct stun_message *request, const char *what) {
    if (send_all(descriptor, (const char *)request->bytes, request->length)) fail(what);
    struct stun_message response = next_stun_message(descriptor);
    size_t transaction_bytes = stun_header_bytes - transaction_offset;
    if (memcmp(response.bytes + transaction_offset, request->bytes + transaction_offset, transaction_bytes)) fail_because(what, "another's response");
    if (type_of(&response) == (type_of(request) | success_bits)) return response;
    const uint8_t *error = find_attribute(&response, stun_error_code, 4);
    char reason[32] = "no success";
    if (error) snprintf(reason, sizeof reason, "error %d", error[2] * 100 + error[3]);
    fail_because(what, reason);
}

struct sockaddr_in relayed_address(const struct stun_message *message) {
    const uint8_t *value = attribute_of(message, stun_xor_relayed_address, 8);
    if (value[1] != address_family_ipv4) fail_because("the relay", "a relayed address that is not of IPv4");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(read_16(value + 2) ^ (uint16_t)(cookie >> 16))};
    memcpy(&address.sin_addr, value + 4, sizeof address.sin_addr);
    address.sin_addr.s_addr ^= htonl(cookie);
    return address;
}
