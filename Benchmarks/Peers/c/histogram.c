#include "histogram.h"

#include "program.h"

#include <string.h>

enum {
    step_bits = 10,
    steps = 1 << step_bits,
    // A value with its highest bit at step_bits + n falls into octave n + 1; smaller ones have a bucket each, octave 0.
    octaves = 64 - step_bits,
};

struct histogram {
    uint64_t count;
    uint64_t buckets[octaves + 1][steps];
};

struct histogram *make_histogram(void) {
    struct histogram *histogram = allocate(NULL, sizeof *histogram);
    // Touches every page before the clock runs.
    memset(histogram, 0, sizeof *histogram);
    return histogram;
}

void add_sample(struct histogram *histogram, uint64_t nanoseconds) {
    histogram->count++;
    if (nanoseconds < steps) {
        histogram->buckets[0][nanoseconds]++;
        return;
    }
    int shift = 63 - __builtin_clzll(nanoseconds) - step_bits;
    histogram->buckets[shift + 1][(nanoseconds >> shift) & (steps - 1)]++;
}

uint64_t sample_count(const struct histogram *histogram) {
    return histogram->count;
}

double percentile(const struct histogram *histogram, double share) {
    uint64_t rank = (uint64_t)((double)histogram->count * share), seen = 0;
    for (int octave = 0; octave <= octaves; octave++)
        for (int step = 0; step < steps; step++) {
            seen += histogram->buckets[octave][step];
            if (seen <= rank) continue;
            if (!octave) return step / 1e3;
            double width = (double)((uint64_t)1 << (octave - 1));
            return (steps + step + 0.5) * width / 1e3;
        }
    return 0;
}
