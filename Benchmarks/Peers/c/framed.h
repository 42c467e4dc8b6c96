// The client of every peer that speaks a 32-bit length and that many bytes: raw C, and the epoll servers.

#pragma once

#include "peer.h"

// Calls that block go through a reader, the others through buffers, whose answers are read as many at a time as there are.
// The flags: exact or buffered, single or batched (each message leaves by a call of its own, or as many as there are), spin.
void *open_framed(const char *url);
void close_framed(void *connection);
void send_framed(void *connection, const char *message, size_t size);
size_t receive_framed(void *connection);
size_t send_batch_framed(void *connection, const char *message, size_t size);
bool try_send_framed(void *connection, const char *message, size_t size);
bool try_receive_framed(void *connection, size_t *length);
void flush_framed(void *connection);
void wait_framed(void *connection, bool to_send, uint64_t nanoseconds);

// All connections in one thread and one epoll, with a message on its way on each.
void fan_in_framed(const char *url, int count, double seconds);
