#include <stddef.h>
#include <stdint.h>

/* masking.h, linked in. */
void cmasking_apply(const uint8_t *input, uint8_t *output, size_t count);
