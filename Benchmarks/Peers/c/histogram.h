// Latencies, counted instead of kept: a run of any length takes the same memory and no sorting. A bucket is at most
// 1/1,024 of its value wide.

#pragma once

#include <stdint.h>

struct histogram;

struct histogram *make_histogram(void);

void add_sample(struct histogram *histogram, uint64_t nanoseconds);

uint64_t sample_count(const struct histogram *histogram);

// The latency in µs that a share of all samples stays below; 0.99 for p99.
double percentile(const struct histogram *histogram, double share);
