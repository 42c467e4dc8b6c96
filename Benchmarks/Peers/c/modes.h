// The modes of the command line, for any peer.

#pragma once

#include "peer.h"

enum { small_message_bytes = 64 };

// Its first byte says what the server does with it: 'E' send it back, 'S' drop it, 'F' answer with the one byte 'A'.
char *make_message(size_t size, char kind);

// Sends, and waits for the answer of that size.
void round_trip(const struct peer *peer, void *connection, const char *message, size_t size, size_t answer_size);

// Connections that stay open until the process ends, each after one round trip.
void hold_connections(const struct peer *peer, const char *url, int count);

void measure_latency(const struct peer *peer, const char *url, size_t size, double seconds);
void measure_one_way(const struct peer *peer, const char *url, size_t size, double seconds);
void measure_connect(const struct peer *peer, const char *url, double seconds);
void measure_idle(const struct peer *peer, const char *url, int count, int process);
void measure_in_flight(const struct peer *peer, const char *url, size_t size, double seconds, size_t window);
void measure_both(const struct peer *peer, const char *url, size_t size, double seconds);
void measure_open_loop(const struct peer *peer, const char *url, double rate, size_t size, double seconds);
