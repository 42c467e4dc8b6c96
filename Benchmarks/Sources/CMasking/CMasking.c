#include "CMasking.h"

#include "../../Plugins/masking.h"

void cmasking_apply(const uint8_t *input, uint8_t *output, size_t count) { masking_apply(input, output, count); }
