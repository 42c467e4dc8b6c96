/* Base64 of RFC 4648, with padding: no plugin of its own, but a part of those in C that need it. */
#ifndef BASE64_H
#define BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of text for so many of data. */
#define BASE64_COUNT(count) (((count) + 2) / 3 * 4)

/* Writes BASE64_COUNT(count) bytes, and no NUL; gives that number. */
size_t base64_encode(const void *data, size_t count, char *out);

/* Writes at most 3 bytes for every 4 of `text`, and their number to `written`. 0 where the text is no base64: wrong letters, wrong
 * padding, bits that are lost. Blanks and line ends are skipped where `spaced` is not 0. */
int base64_decode(const char *text, size_t count, int spaced, uint8_t *out, size_t *written);

#endif
