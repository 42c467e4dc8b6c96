#include "results.h"

#include <stdio.h>

static unsigned long long whole(uint64_t number) {
    return number;
}

static double per_second(uint64_t count, uint64_t nanoseconds) {
    return (double)count * 1e9 / (double)nanoseconds;
}

void print_latency(const struct histogram *latencies, uint64_t total) {
    printf("p50_us=%.2f p90_us=%.2f p99_us=%.2f p999_us=%.2f count=%llu total=%llu\n", percentile(latencies, 0.5),
           percentile(latencies, 0.9), percentile(latencies, 0.99), percentile(latencies, 0.999),
           whole(sample_count(latencies)), whole(total));
}

void print_stream(uint64_t count, uint64_t total, size_t size, uint64_t nanoseconds) {
    double rate = per_second(count, nanoseconds);
    printf("messages_per_second=%.0f bytes_per_second=%.0f count=%llu seconds=%.3f total=%llu\n", rate, rate * (double)size,
           whole(count), (double)nanoseconds / 1e9, whole(total));
}

void print_round_trips(const struct histogram *latencies, uint64_t total, uint64_t nanoseconds) {
    uint64_t count = sample_count(latencies);
    printf("messages_per_second=%.0f p50_us=%.2f p99_us=%.2f count=%llu seconds=%.3f total=%llu\n",
           per_second(count, nanoseconds), percentile(latencies, 0.5), percentile(latencies, 0.99), whole(count),
           (double)nanoseconds / 1e9, whole(total));
}

void print_connections(uint64_t count, uint64_t total, uint64_t nanoseconds) {
    printf("connections_per_second=%.0f count=%llu seconds=%.3f total=%llu\n", per_second(count, nanoseconds), whole(count),
           (double)nanoseconds / 1e9, whole(total));
}

void print_schedule(const struct histogram *latencies, uint64_t sent, uint64_t total, uint64_t nanoseconds) {
    printf("p50_us=%.2f p99_us=%.2f p999_us=%.2f sent_per_second=%.0f count=%llu total=%llu\n", percentile(latencies, 0.5),
           percentile(latencies, 0.99), percentile(latencies, 0.999), per_second(sent, nanoseconds),
           whole(sample_count(latencies)), whole(total));
}

void print_memory(long before, long after, int count) {
    printf("bytes_per_connection=%.0f count=%d before_bytes=%ld after_bytes=%ld\n", (double)(after - before) / count, count,
           before, after);
}
