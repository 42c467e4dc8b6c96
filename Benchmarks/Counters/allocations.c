// Counts the allocations of a program that was not built for it.
//
//   LD_PRELOAD=liballocations.so ALLOCATIONS_FILE=path program
//
// Without a file the program itself may ask: benchmark_allocations(), found by dlsym.
//
// The file holds two numbers of 64 bits in the machine's order: calls that allocate, and the bytes that they asked for. It is
// mapped, so that whoever started the program can read it at any time, and after it was killed.

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

// glibc's own names of what is replaced here.
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

struct counts {
    _Atomic uint64_t calls, bytes;
};

// Until the file is mapped.
static struct counts early;
static struct counts *counts = &early;

__attribute__((constructor)) static void map_file(void) {
    const char *path = getenv("ALLOCATIONS_FILE");
    if (!path) return;
    int descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) return;
    if (!ftruncate(descriptor, sizeof *counts)) {
        void *map = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
        if (map != MAP_FAILED) counts = map;
    }
    close(descriptor);
}

// Calls that allocate, so far.
uint64_t benchmark_allocations(void) { return atomic_load_explicit(&counts->calls, memory_order_relaxed); }

static void count(size_t bytes) {
    atomic_fetch_add_explicit(&counts->calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&counts->bytes, bytes, memory_order_relaxed);
}

void *malloc(size_t size) {
    count(size);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count(number * size);
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
    count(size);
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **result, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) || alignment & (alignment - 1) || !alignment) return EINVAL;
    void *memory = memalign(alignment, size);
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}
