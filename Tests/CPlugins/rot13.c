/* `rot13`, whose expected text is the well-known one. */
#include "host.h"

int main(int count, char **arguments) {
    static const char plain[] = "Why did the chicken cross the road? 13 <é>", moved[] = "Jul qvq gur puvpxra pebff gur ebnq? 13 <é>";
    const char *const by[] = {"by=3", NULL};
    const patchbay_processor *table;
    patchbay_settings *settings = host_settings("rot13", NULL), *three = host_settings("rot13", by);
    host_sink *sink = host_sink_new(100), *back = host_sink_new(100), *tight = host_sink_new(1);
    void *encoder, *decoder, *third;
    EXPECT(count == 2);
    table = host_load(arguments[1], PATCHBAY_PROCESSOR);
    EXPECT(table->create(settings, PATCHBAY_ENCODE, &encoder, host_error()) == PATCHBAY_OK);
    EXPECT(table->create(settings, PATCHBAY_DECODE, &decoder, host_error()) == PATCHBAY_OK);
    EXPECT(table->create(three, PATCHBAY_DECODE, &third, host_error()) == PATCHBAY_OK);
    EXPECT(table->push(encoder, plain, sizeof plain, PATCHBAY_FLUSH_FINISH, &sink->sink, host_error()) == PATCHBAY_OK);
    EXPECT(sink->count == sizeof moved && memcmp(sink->data, moved, sizeof moved) == 0);
    EXPECT(table->push(decoder, moved, sizeof moved, PATCHBAY_FLUSH_FINISH, &back->sink, host_error()) == PATCHBAY_OK);
    EXPECT(back->count == sizeof plain && memcmp(back->data, plain, sizeof plain) == 0);
    EXPECT(table->push(encoder, NULL, 0, PATCHBAY_FLUSH_FINISH, &tight->sink, host_error()) == PATCHBAY_OK);
    EXPECT(table->push(encoder, "ab", 2, PATCHBAY_FLUSH_FINISH, &tight->sink, host_error()) == PATCHBAY_LIMIT);
    EXPECT(table->push(third, "D", 1, PATCHBAY_FLUSH_FINISH, &tight->sink, host_error()) == PATCHBAY_OK && tight->data[0] == 'A');
    table->destroy(encoder);
    table->destroy(decoder);
    table->destroy(third);
    host_settings_free(settings);
    host_settings_free(three);
    host_sink_free(sink);
    host_sink_free(back);
    host_sink_free(tight);
    puts("rot13: all tests passed");
    return 0;
}
