// What clients print: key=value on one line. `total` counts the warm-up, too: a harness divides by it what it measured
// over the whole process.

#pragma once

#include "histogram.h"

#include <stddef.h>
#include <stdint.h>

void print_latency(const struct histogram *latencies, uint64_t total);

void print_stream(uint64_t count, uint64_t total, size_t size, uint64_t nanoseconds);

// Many round trips at once: how many, and how long each took.
void print_round_trips(const struct histogram *latencies, uint64_t total, uint64_t nanoseconds);

void print_connections(uint64_t count, uint64_t total, uint64_t nanoseconds);

void print_schedule(const struct histogram *latencies, uint64_t sent, uint64_t total, uint64_t nanoseconds);

void print_memory(long before, long after, int count);
